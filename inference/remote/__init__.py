"""Pictures that lie elsewhere: where the server may go, and how it fetches them."""
