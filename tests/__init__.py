"""What tweetbot promises, as tests: a folder for each room of `src/tweetbot`."""

import sys

# The asserts of the tests take long to compile: that is kept, whatever the environment says.
sys.dont_write_bytecode = False
