// A secret stream of JavaScript and the C program stream_peer, joined directly or through a bad wire.
import { once } from 'node:events'
import { need } from './check.mjs'
import { CPeer, Wire, within } from './udx_support.mjs'

const [{ default: SecretStream }, { default: UDX }, { default: OlderUDX }] =
  await need('@hyperswarm/secret-stream', 'udx-native', 'udx-native-1.19')

export { SecretStream }
export const VERSIONS = { '1.21.3': UDX, '1.19.2': OlderUDX }
export const OUR_SEED = '21'.repeat(32)
export const OURS = SecretStream.keyPair(Buffer.from(OUR_SEED, 'hex'))
export const THEIRS = SecretStream.keyPair(Buffer.alloc(32, 0x35))

function message (k, length) {
  const bytes = Buffer.alloc(length)
  for (let j = 0; j < length; j++) bytes[j] = (j * 31 + (j >> 8) * 7 + k) & 255
  return bytes
}

/** The JavaScript end: it checks every message that it gets. */
export class JsEnd {
  constructor ({ initiator, pattern, keepAlive = 0, version = '1.21.3' }) {
    this.udx = new VERSIONS[version]()
    this.socket = this.udx.createSocket()
    this.socket.bind(0, '127.0.0.1')
    this.raw = this.udx.createStream(9)
    this.setup = { initiator, pattern, keepAlive }
    this.messages = 0
    this.sent = 0
    this.datagrams = []
    this.error = null
  }

  connect (port) {
    const { initiator, pattern, keepAlive } = this.setup
    this.raw.connect(this.socket, 7, port, '127.0.0.1')
    const known = pattern === 'IK' && initiator ? { remotePublicKey: OURS.publicKey } : {}
    this.stream = new SecretStream(initiator, this.raw, { keyPair: THEIRS, pattern, keepAlive, ...known })
    this.stream.on('data', (data) => this._data(data))
    this.stream.on('message', (data) => this.datagrams.push(data.toString()))
    this.stream.on('error', (error) => { this.error = error })
    this.ended = new Promise((resolve) => this.stream.on('end', resolve))
    this.closed = new Promise((resolve) => this.stream.on('close', resolve))
  }

  _data (data) {
    const expected = message(this.messages, data.length)
    if (!data.equals(expected)) throw new Error(`message ${this.messages} is wrong`)
    this.messages++
  }

  async write (count, length) {
    for (let i = 0; i < count; i++) {
      if (!this.stream.write(message(this.sent++, length))) await once(this.stream, 'drain')
    }
  }

  async got (count, ms = 60000) {
    while (this.messages < count) await within(ms, `message ${count}`, once(this.stream, 'data'))
  }

  async stop () {
    this.stream.destroy()
    await within(60000, 'the end of the JS stream', this.closed)
    await this.socket.close()
  }
}

/** Both ends of a stream; `wire` says how bad the wire between them is, null = none. */
export async function pair (setup, { keepAlive = 0, before = () => {}, wire: bad = null } = {}) {
  const js = new JsEnd({ ...setup, keepAlive })
  const known = setup.pattern === 'IK' && !setup.initiator ? [THEIRS.publicKey.toString('hex')] : []
  const c = await CPeer.run(process.env.STREAM_PEER, [setup.initiator ? 'responder' : 'initiator', setup.pattern, OUR_SEED, ...known])
  const theirs = js.socket.address().port
  const wire = bad && await Wire.between(c.port, theirs, bad)
  c.tell(`open ${wire ? wire.portForA : theirs} ${keepAlive}`)
  before(c)
  js.connect(wire ? wire.portForB : c.port)
  const stop = async () => {
    await js.stop()
    await c.stop()
    if (wire) wire.close()
  }
  return { c, js, wire, stop }
}
