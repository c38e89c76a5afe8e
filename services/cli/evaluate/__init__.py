"""`uskat evaluate`: scenarios with known truth through the real product, and how well it judged them."""
