"""Programs that Cargo builds: with debug info, found by Cargo's own words, in the environment that Cargo gives them.

Cargo builds, with settings added on its command line; Cargo.toml is never touched. Which file is the program is read
from its JSON messages. How it would be started (arguments, folder, environment) is learnt by being the *runner*
for a moment: what Cargo starts in the program's stead writes down how it was called and ends.
"""
