"""`python -m tweetbot`, for where the script's folder is not on PATH."""

from tweetbot.cli import main

if __name__ == "__main__":
    main()
