// fetch.js URL PROXY: GET by https over a CONNECT; the body on standard output. NODE_EXTRA_CA_CERTS names the authority.
'use strict';
const http = require('http');
const https = require('https');

const url = new URL(process.argv[2]);
const proxy = process.argv[3] && new URL(process.argv[3]);

function fail(error) {
  console.error(error.code || '', error.message);
  process.exitCode = 1;
}

function get(options) {
  const request = https.get(url, { ...options, agent: false, timeout: 20000 }, (response) => {
    response.pipe(process.stdout);
    response.on('error', fail);
  });
  request.on('error', fail);
}

if (!proxy) {
  get({});
} else {
  const target = `${url.hostname}:${url.port || 443}`;
  const connect = http.request({ host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: target,
    headers: { Host: target }, agent: false, timeout: 20000 });
  connect.on('error', fail);
  connect.on('connect', (response, socket) => {
    if (response.statusCode === 200) {
      get({ socket, createConnection: undefined });
    } else {
      fail(new Error(`CONNECT: ${response.statusCode}`));
      socket.destroy();
    }
  });
  connect.end();
}
