"""What `earwitness doctor` looks at: each check is a module of its own and says what it found in one line each."""
