// Protomux of JavaScript and the C program channel_peer, joined directly or through a bad wire.
import assert from 'node:assert/strict'
import { need } from './check.mjs'
import { CPeer, Wire, within } from './udx_support.mjs'

const [{ default: SecretStream }, { default: UDX }, { default: OlderUDX }, { default: Protomux }, { default: c }] =
  await need('@hyperswarm/secret-stream', 'udx-native', 'udx-native-1.19', 'protomux', 'compact-encoding')

export const VERSIONS = { '1.21.3': UDX, '1.19.2': OlderUDX }
const OUR_SEED = '21'.repeat(32)
export const OURS = SecretStream.keyPair(Buffer.from(OUR_SEED, 'hex'))

/** Both ends of a mux; `wire` says how bad the wire between them is, null = none. */
export async function connect (initiator, { wire: bad = null, version = '1.21.3' } = {}) {
  const peer = await CPeer.run(process.env.CHANNEL_PEER, [initiator ? 'responder' : 'initiator', OUR_SEED])
  const socket = new VERSIONS[version]().createSocket()
  socket.bind(0, '127.0.0.1')
  const raw = socket.udx.createStream(9)
  const wire = bad && await Wire.between(peer.port, socket.address().port, bad)
  peer.tell(String(wire ? wire.portForA : socket.address().port))
  raw.connect(socket, 7, wire ? wire.portForB : peer.port, '127.0.0.1')
  const keyPair = SecretStream.keyPair()
  const stream = new SecretStream(initiator, raw, { keyPair })
  stream.on('error', () => {})
  const closed = new Promise((resolve) => stream.on('close', resolve))
  const over = async (ms = 60000) => {
    await within(ms, 'their close', closed)
    await socket.close()
    const [code] = await within(ms, 'the end of the C peer', peer.gone)
    assert.equal(code, 0)
    if (wire) wire.close()
  }
  return { peer, stream, mux: new Protomux(stream), keyPair, over }
}

export function openChannel (mux, protocol, { id = null, aliases = [], ms = 60000 } = {}) {
  const got = []
  let wake = () => {}
  const take = (type) => ({ encoding: c.raw, onmessage: (m) => { got.push([type, m ?? Buffer.alloc(0)]); wake() } })
  let opened, closed, drained
  const channel = mux.createChannel({
    protocol,
    id,
    aliases,
    handshake: c.string,
    onopen: (handshake) => { opened(handshake) },
    onclose: () => { closed() },
    ondrain: () => { drained?.() },
    messages: [take(0), take(1), take(2)]
  })
  const open = new Promise((resolve) => { opened = resolve })
  const close = new Promise((resolve) => { closed = resolve })
  channel.open('from JavaScript')
  const next = async () => {
    while (!got.length) await within(ms, 'a message', new Promise((resolve) => { wake = resolve }))
    return got.shift()
  }
  return {
    channel,
    got,
    next,
    tell: (line) => channel.messages[2].send(Buffer.from(line)),
    drain: () => within(ms, 'to drain', new Promise((resolve) => { drained = resolve })),
    get opened () { return within(ms, `'${protocol}' to open`, open) },
    get closed () { return within(ms, `'${protocol}' to close`, close) }
  }
}
