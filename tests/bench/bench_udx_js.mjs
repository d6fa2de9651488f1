// The measure of bench_udx.c with udx-native on both sides: one process writes, another reads, over loopback.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const require = createRequire(new URL('../interop/package.json', import.meta.url))
const UDX = require('udx-native')

const BYTES = 256 << 20
const CHUNK = 65536

function open (id) {
  const udx = new UDX()
  const socket = udx.createSocket()
  socket.bind(0, '127.0.0.1')
  return { socket, stream: udx.createStream(id), port: socket.address().port }
}

async function read () {
  const { socket, stream, port } = open(2)
  let got = 0
  stream.on('data', (data) => { got += data.length })
  stream.on('end', () => stream.end())
  process.send(port)
  const [theirs] = await once(process, 'message')
  stream.connect(socket, 1, theirs, '127.0.0.1')
  await once(stream, 'close')
  if (got !== BYTES) throw new Error(`${got} bytes arrived`)
  await socket.close()
  process.disconnect()
}

async function write () {
  const reader = fork(fileURLToPath(import.meta.url), ['read'])
  const { socket, stream, port } = open(1)
  const [theirs] = await once(reader, 'message')
  reader.send(port)
  stream.connect(socket, 2, theirs, '127.0.0.1')
  stream.resume()
  const ended = once(stream, 'end')
  const chunk = Buffer.alloc(CHUNK)
  const start = process.hrtime.bigint()
  for (let sent = 0; sent < BYTES; sent += CHUNK) {
    if (!stream.write(chunk)) await once(stream, 'drain')
  }
  stream.end()
  await ended
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  console.log(JSON.stringify({ figure: 'udx_js_loopback', value: BYTES / 1e6 / seconds, unit: 'MB/s' }))
  await once(reader, 'exit')
  await socket.close()
}

await (process.argv[2] === 'read' ? read() : write())
