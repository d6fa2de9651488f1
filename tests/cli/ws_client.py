"""A WebSocket client for tests: RFC 6455 with the standard library, texts in one frame, no patience."""

import base64
import json
import os
import socket
import struct


class Client:
    def __init__(self, host, port, token, timeout=30):
        self.socket = socket.create_connection((host, port), timeout)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             f"Sec-WebSocket-Key: {key}\r\n\r\n").encode())
        self.bytes = b""
        while b"\r\n\r\n" not in self.bytes:
            self._more()
        head, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.splitlines()[0]:
            raise ConnectionError(head.decode())
        self.hello = self.receive()
        self.ask({"type": "auth", "token": token})

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server has gone")
        self.bytes += data

    def _take(self, count):
        while len(self.bytes) < count:
            self._more()
        taken, self.bytes = self.bytes[:count], self.bytes[count:]
        return taken

    def receive(self):
        _, short = self._take(2)
        length = short
        if short == 126:
            length = struct.unpack(">H", self._take(2))[0]
        elif short == 127:
            length = struct.unpack(">Q", self._take(8))[0]
        return json.loads(self._take(length))

    def send(self, message):
        data = json.dumps(message).encode()
        head = bytes([0x81, 0x80 | len(data)]) if len(data) < 126 else b"\x81\xfe" + struct.pack(">H", len(data))
        mask = os.urandom(4)
        self.socket.sendall(head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)))

    def ask(self, message):
        """The answer, which must come next."""
        self.send(message)
        return self.receive()

    def close(self):
        self.socket.close()
