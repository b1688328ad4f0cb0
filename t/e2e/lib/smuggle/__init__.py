"""Messages that two programs could read in two ways: their making, a strict reader of its own, and a recorder behind the proxy."""
