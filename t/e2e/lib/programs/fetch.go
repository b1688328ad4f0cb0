// fetch URL [PROXY]: GET; the body on standard output. SSL_CERT_FILE names the trusted ones.
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"
)

func main() {
	transport := &http.Transport{DisableKeepAlives: true}
	if len(os.Args) > 2 && os.Args[2] != "" {
		proxy, err := url.Parse(os.Args[2])
		if err != nil {
			fail(err)
		}
		transport.Proxy = http.ProxyURL(proxy)
	}
	client := &http.Client{Transport: transport, Timeout: 20 * time.Second}
	response, err := client.Get(os.Args[1])
	if err != nil {
		fail(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
