"""The same with Python's own client, over http: python with_http_client.py PROFILE TEXT."""

import base64
import http.client
import json
import sys
from urllib.parse import urlencode, urlsplit

path, text = sys.argv[1:]
with open(path) as file:
    document = json.load(file)
client, token = document["client"], document["token"]
x = http.client.HTTPConnection(urlsplit(client["api_url"]).netloc)
basic = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
headers = {"Authorization": "Basic " + basic, "Content-Type": "application/x-www-form-urlencoded"}
x.request("POST", "/2/oauth2/token", urlencode(form), headers)
token.update(json.loads(x.getresponse().read()))
with open(path, "w") as file:
    json.dump(document, file)
headers = {"Authorization": "Bearer " + token["access_token"], "Content-Type": "application/json"}
x.request("POST", "/2/tweets", json.dumps({"text": text}), headers)
print(json.loads(x.getresponse().read())["data"]["id"])
