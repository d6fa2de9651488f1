// Channels as an embedder has them (intercom/mux.h) against protomux over secret-stream over udx-native, in both roles.
// docs/spec/04-protomux.md
import assert from 'node:assert/strict'
import { check, finish, need } from './check.mjs'
import { CPeer, within } from './udx_support.mjs'

const [{ default: SecretStream }, { default: UDX }, { default: Protomux }, { default: c }] =
  await need('@hyperswarm/secret-stream', 'udx-native', 'protomux', 'compact-encoding')

const OUR_SEED = '21'.repeat(32)
const OURS = SecretStream.keyPair(Buffer.from(OUR_SEED, 'hex'))

async function connect (initiator) {
  const peer = await CPeer.run(process.env.CHANNEL_PEER, [initiator ? 'responder' : 'initiator', OUR_SEED])
  const socket = new UDX().createSocket()
  socket.bind(0, '127.0.0.1')
  const raw = socket.udx.createStream(9)
  peer.tell(String(socket.address().port))
  raw.connect(socket, 7, peer.port, '127.0.0.1')
  const keyPair = SecretStream.keyPair()
  const stream = new SecretStream(initiator, raw, { keyPair })
  stream.on('error', () => {})
  const closed = new Promise((resolve) => stream.on('close', resolve))
  const over = async () => {
    await within(5000, 'their close', closed)
    await socket.close()
    const [code] = await within(5000, 'the end of the C peer', peer.gone)
    assert.equal(code, 0)
  }
  return { peer, stream, mux: new Protomux(stream), keyPair, over }
}

function openChannel (mux, protocol) {
  const got = []
  let wake = () => {}
  const take = (type) => ({ encoding: c.buffer, onmessage: (m) => { got.push([type, m ?? Buffer.alloc(0)]); wake() } })
  const channel = mux.createChannel({
    protocol,
    handshake: c.string,
    onopen: (handshake) => { opened(handshake) },
    onclose: () => { closed() },
    messages: [take(0), take(1)]
  })
  let opened, closed
  const open = new Promise((resolve) => { opened = resolve })
  const close = new Promise((resolve) => { closed = resolve })
  channel.open('from JavaScript')
  const next = async () => {
    while (!got.length) await within(20000, 'a message', new Promise((resolve) => { wake = resolve }))
    return got.shift()
  }
  return {
    channel,
    next,
    get opened () { return within(10000, `'${protocol}' to open`, open) },
    get closed () { return within(10000, `'${protocol}' to close`, close) }
  }
}

for (const initiator of [true, false]) {
  const who = initiator ? 'they begin' : 'we begin'

  check(`${who}: channels pair, carry messages of any size, and close`, async () => {
    const { peer, stream, mux, keyPair, over } = await connect(initiator)
    const echo = openChannel(mux, 'echo')
    assert.equal(await echo.opened, 'from C')
    assert.equal(await peer.saw('open'), keyPair.publicKey.toString('hex'))
    assert.equal(await peer.saw('channel'), 'from JavaScript')
    assert.deepEqual(stream.remotePublicKey, OURS.publicKey)
    for (const size of [0, 1, 1000, 70000, 2000000]) {
      for (const type of [0, 1]) {
        const data = Buffer.alloc(size, (i) => i)
        echo.channel.messages[type].send(data)
        assert.deepEqual(await echo.next(), [type, data])
      }
    }
    echo.channel.close()
    assert.equal(await peer.saw('channel'), 'closed CLOSED')
    stream.end()
    assert.equal(await peer.saw('closed'), 'OK')
    await over()
  })

  check(`${who}: five hundred small messages in a batch keep their order`, async () => {
    const { stream, mux, over } = await connect(initiator)
    const echo = openChannel(mux, 'echo')
    await echo.opened
    mux.cork()
    for (let i = 0; i < 500; i++) echo.channel.messages[0].send(Buffer.from(String(i)))
    mux.uncork()
    for (let i = 0; i < 500; i++) assert.equal((await echo.next())[1].toString(), String(i))
    stream.end()
    await over()
  })

  check(`${who}: we open what we are asked for and refuse the rest`, async () => {
    const { stream, mux, over } = await connect(initiator)
    const asked = openChannel(mux, 'on demand')
    asked.channel.messages[1].send(Buffer.from('before it is open'))
    assert.equal(await asked.opened, 'from C')
    assert.deepEqual(await asked.next(), [1, Buffer.from('before it is open')])
    await openChannel(mux, 'nobody knows this').closed
    stream.end()
    await asked.closed
    await over()
  })

  check(`${who}: a destroyed stream closes our channels`, async () => {
    const { peer, stream, mux, over } = await connect(initiator)
    await openChannel(mux, 'echo').opened
    await peer.saw('channel')
    stream.destroy()
    assert.equal(await peer.saw('channel'), 'closed CLOSED')
    assert.equal(await peer.saw('closed'), 'CLOSED')
    await over()
  })
}

await finish()
