"""Ways to a fake that open no socket: for requests, aiohttp and httpx, each with its own reader of HTTP.

Both ends of a connection are in memory (`wire`), and the server's protocol runs behind it as behind a socket.
"""
