// Either end of a WebSocket by 'ws', which prints what it hears as lines of JSON: [what, ...].
//   ws.js serve PEM OPTIONS        listens, with TLS if there is a PEM, prints its port; says back what it hears, or does it: '!["close", 1001]'
//   ws.js talk URL PROXY OPTIONS STEPS      does the steps, each when the one in front of it was answered
'use strict';
const fs = require('fs');
const { WebSocket, WebSocketServer } = require('ws');

const say = (...words) => console.log(JSON.stringify(words));

function parts(ws, pieces) {
  pieces.forEach((piece, i) => ws.send(piece, { fin: i === pieces.length - 1 }));
}

const deeds = {
  send: (ws, text) => ws.send(text),
  bytes: (ws, hex) => ws.send(Buffer.from(hex, 'hex')),
  repeat: (ws, text, n) => ws.send(text.repeat(n)),
  parts,
  ping: (ws, data) => ws.ping(data),
  close: (ws, code, why) => ws.close(code, why),
  terminate: (ws) => ws.terminate(),
};

function listen(ws, answered) {
  ws.on('message', (data, binary) => {
    say(binary ? 'bytes' : 'text', binary ? data.toString('hex') : data.toString());
    answered(data, binary);
  });
  ws.on('ping', (data) => say('ping', data.toString()));
  ws.on('pong', (data) => { say('pong', data.toString()); answered(); });
  ws.on('close', (code, why) => say('close', code, why.toString()));
  ws.on('error', (error) => say('error', error.message));
}

function serve(pem, options) {
  const tls = pem && fs.readFileSync(pem);
  const server = tls ? require('https').createServer({ key: tls, cert: tls }) : require('http').createServer();
  new WebSocketServer({ server, ...JSON.parse(options) }).on('connection', (ws) => {
    listen(ws, (data, binary) => {
      if (data && data.toString().startsWith('![')) {
        const [deed, ...args] = JSON.parse(data.toString().slice(1));
        deeds[deed](ws, ...args);
      } else {
        ws.send(data || 'pong', { binary });
      }
    });
  });
  server.listen(0, '127.0.0.1', () => say('port', server.address().port));
}

function talk(url, proxy, options, steps) {
  const left = JSON.parse(steps);
  const { HttpsProxyAgent } = require('https-proxy-agent');
  const agent = proxy ? new (HttpsProxyAgent || require('https-proxy-agent'))(proxy) : undefined;
  const ws = new WebSocket(url, { agent, ...JSON.parse(options) });
  const next = () => {
    const [deed, ...args] = left.shift() || ['close', 1000, 'done'];
    deeds[deed](ws, ...args);
  };
  listen(ws, next);
  ws.on('open', () => { say('open', ws.extensions); next(); });
}

({ serve, talk })[process.argv[2]](...process.argv.slice(3));
