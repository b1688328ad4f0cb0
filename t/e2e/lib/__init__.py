"""What the tests of the whole program share: the program itself, origins, certificates, clients."""
