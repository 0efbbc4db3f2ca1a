// Perfetto's trace processor, which its user interface brings along as WebAssembly, behind stdin and stdout: requests
// and replies are its own RPC messages, each after its length in four bytes, little endian.
'use strict';
const fs = require('fs');
const path = require('path');

const folder = process.argv[2];
const wasm = fs.readFileSync(path.join(folder, 'trace_processor.wasm'));
const worker = fs.readFileSync(path.join(folder, 'engine_bundle.js'), 'utf8');

for (const name of ['log', 'info', 'warn']) {
  console[name] = (...words) => process.stderr.write(words.join(' ') + '\n');
}
// The worker takes itself to be in a browser.
globalThis.self = globalThis;
globalThis.location = {href: 'worker.js', pathname: 'worker.js'};
globalThis.importScripts = () => {};
globalThis.XMLHttpRequest = class {
  open() {}
  send() {
    this.status = 200;
    this.response = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.length);
  }
};
(0, eval)(worker.replace(/typeof process/g, 'typeof noProcess'));

const {port1, port2} = new MessageChannel();
globalThis.onmessage({data: {enginePort: port1}});
port2.onmessage = (message) => {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(message.data.length);
  process.stdout.write(Buffer.concat([head, Buffer.from(message.data)]));
};

let waiting = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
  waiting = Buffer.concat([waiting, chunk]);
  while (waiting.length >= 4 && waiting.length >= 4 + waiting.readUInt32LE(0)) {
    const end = 4 + waiting.readUInt32LE(0);
    port2.postMessage(new Uint8Array(waiting.subarray(4, end)));
    waiting = waiting.subarray(end);
  }
});
process.stdin.on('end', () => process.exit(0));
