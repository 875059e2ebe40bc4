"""What runs in a process of its own; only these files import Keystead and its libraries."""
