"""Drawing of sheets and cords on the head, in three dimensions."""
