"""fetch.py URL PROXY CA: GET by urllib; the body on standard output."""
import ssl
import sys
import urllib.request

url, proxy, ca = sys.argv[1:4]
context = ssl.create_default_context(cafile=ca or None)
handlers = [urllib.request.HTTPSHandler(context=context),
            urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else {})]
with urllib.request.build_opener(*handlers).open(url, timeout=20) as response:
    sys.stdout.buffer.write(response.read())
