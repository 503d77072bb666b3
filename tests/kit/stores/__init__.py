"""Object stores on loopback, sound and failing, and runs from and to them."""
