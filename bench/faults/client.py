"""Posts 3 MB, then gets a file on the same connection: `client.py URL ROUNDS`.

Prints how many files it asked for, how many it got rightly, and what the posts got.
"""
import http.client
import sys
from collections import Counter
from urllib.parse import urlsplit

BODY = b"x" * 3_000_000


def main(url, rounds):
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    posts, right = Counter(), 0
    for number in range(rounds):
        try:
            connection.request("POST", f"{place.path}/upload", BODY)
            answer = connection.getresponse()
            answer.read()
            posts[str(answer.status)] += 1
        except (OSError, http.client.HTTPException) as error:
            posts[type(error).__name__] += 1
            connection.close()
        name = number % 10
        # A connection that the server has closed is no answer: every client asks again.
        for _ in range(2):
            try:
                connection.request("GET", f"{place.path}/{name}.txt")
                answer = connection.getresponse()
                right += answer.status == 200 and answer.read() == b"file %d" % name
                answer.read()
                break
            except (OSError, http.client.HTTPException):
                connection.close()
    print(rounds, right, " ".join(f"{what}: {count}" for what, count in sorted(posts.items())))


main(sys.argv[1], int(sys.argv[2]))
