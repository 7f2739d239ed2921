"""Key services: wrapping and unwrapping parts of data keys for others, and asking others for it (sops-format §4.8).

`keys.ring` decides who is asked, `client` asks over a socket, `server` answers there, `messages` is what travels. The
protocol is that of sops: gRPC without transport security or a login, so a socket's reach is all that protects it.
"""
