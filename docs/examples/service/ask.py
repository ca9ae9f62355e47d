"""Ask the service for a cohort, wait for it, and print how it ended.

python ask.py PORT NAME SHEET
"""

import json
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

port, name, sheet = sys.argv[1:]
url = f"http://127.0.0.1:{port}/cohorts/{name}"
urlopen(Request(url, data=Path(sheet).read_bytes(), method="PUT")).close()
while True:
    with urlopen(url) as answer:
        told = json.load(answer)
    if told["state"] != "updating":
        break
    time.sleep(1)
print(json.dumps(told, indent=2))
