"""What tweetbot promises, as tests: a folder for each room of `src/tweetbot`."""
