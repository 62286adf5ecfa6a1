"""Server killed repeatedly during ratings: no acknowledged rating is lost."""

import random
import threading
import time

import httpx
import pytest

from tests.mushra_app.support import Server, begin, make_study, rating

pytestmark = pytest.mark.slow

LISTENERS, KILLS = 4, 12


class Listener(threading.Thread):
    """Listener that moves sliders until stopped and keeps what was acknowledged."""

    def __init__(self, server, number):
        super().__init__(daemon=True)
        self.server, self.ends, self.acknowledged = server, threading.Event(), {}
        self.client = server.client()
        begin(self.client)
        self.generator = random.Random(number)

    def run(self):
        seq = 0
        while not self.ends.is_set():
            seq += 1
            slot, score = self.generator.randrange(6), self.generator.randrange(101)
            body = rating(score, seq=seq)
            try:
                answer = self.client.put(f"/api/v1/page/0/rating/{slot}", json=body, timeout=5)
            except httpx.TransportError:
                # Sent, perhaps stored, never acknowledged: the next one has a higher number.
                self.acknowledged.setdefault(slot, set()).add((seq, score, "perhaps"))
                time.sleep(0.05)
                continue
            assert answer.status_code == 204, answer.text
            self.acknowledged.setdefault(slot, set()).add((seq, score, "surely"))


def test_kill_loop(tmp_path):
    server = Server(make_study(tmp_path)).start()
    listeners = [Listener(server, number) for number in range(LISTENERS)]
    for listener in listeners:
        listener.start()
    generator = random.Random(1)
    for _ in range(KILLS):
        time.sleep(generator.uniform(0.2, 1.5))
        server.kill()
        server.start()
    time.sleep(0.5)
    for listener in listeners:
        listener.ends.set()
        listener.join()
    counted = 0
    for listener in listeners:
        saved = listener.client.get("/api/v1/page").json()["saved"]
        for slot, ratings in listener.acknowledged.items():
            sure = max((rating for rating in ratings if rating[2] == "surely"), default=None)
            if sure is None:
                continue
            stored = saved[str(slot)]
            possible = {(seq, score) for seq, score, _ in ratings if seq >= sure[0]}
            assert (stored["seq"], stored["score"]) in possible
            counted += 1
    assert counted == 6 * LISTENERS
    server.kill()
