"""`python -m replication`."""

from replication.cli.app import main

if __name__ == "__main__":
    main()
