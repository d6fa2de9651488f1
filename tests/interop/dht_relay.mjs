// Blind relays: ours between two JavaScript peers, and the reference's between two of ours; and dials that name one.
// docs/spec/06-hyperdht.md, section 11
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { check, finish, need } from './check.mjs'
import { CNode, dialEcho, echoServer, generations, JsNetwork } from './dht_support.mjs'
import { within } from './udx_support.mjs'

const [{ default: blindRelay }] = await need('blind-relay')
const { newest: DHT } = await generations()
const hex = (bytes) => Buffer.from(bytes).toString('hex')

/** The reference's relay; `sides` counts whom it has brought together with another. */
async function jsRelay (network) {
  const node = network.node()
  const keyPair = DHT.keyPair()
  const state = { publicKey: keyPair.publicKey, sides: 0 }
  const relay = new blindRelay.Server({
    createStream: (options) => node.createRawStream({ ...options, framed: true })
  })
  const server = node.createServer({ shareLocalAddress: false }, (stream) => {
    stream.on('error', () => {})
    const session = relay.accept(stream, { id: stream.remotePublicKey })
    session.on('pair', () => state.sides++).on('error', () => {})
  })
  await server.listen(keyPair)
  return state
}

async function cRelay (network) {
  const node = await CNode.on(network.text)
  node.tell('be-relay')
  await node.saw('listening')
  return node
}

/** A JavaScript peer at a relay: a raw stream that is connected to the other one through it. */
async function paired (node, relayKey, initiator, token) {
  const stream = node.connect(relayKey)
  stream.on('error', () => {})
  await within(60000, 'the relay', once(stream, 'open'))
  const raw = node.createRawStream()
  raw.on('error', () => {})
  const client = blindRelay.Client.from(stream, { id: stream.publicKey })
  const [remoteId] = await within(60000, 'pairing', once(client.pair(initiator, token, raw), 'data'))
  const { socket, remotePort, remoteHost } = stream.rawStream
  raw.connect(socket, remoteId, remotePort, remoteHost)
  return { stream, raw }
}

check('our relay carries bytes between two JavaScript peers, both ways', async () => {
  const network = await JsNetwork.of(DHT, 4)
  const relay = await cRelay(network)
  const token = randomBytes(32)
  const [a, b] = await Promise.all([true, false].map((initiator) =>
    paired(network.node(), relay.keyPair.publicKey, initiator, token)))
  assert.equal((await relay.stats()).relayed, 1)
  const heard = [a, b].map(({ raw }) => once(raw, 'data'))
  a.raw.write(Buffer.from('from a'))
  b.raw.write(Buffer.from('from b'))
  const [[atA], [atB]] = await within(60000, 'the bytes of the other', Promise.all(heard))
  assert.equal(atA.toString(), 'from b')
  assert.equal(atB.toString(), 'from a')
  const whole = new Promise((resolve) => {
    let bytes = 0
    b.raw.on('data', (data) => {
      bytes += data.length
      if (bytes === 2 ** 20) resolve()
    })
  })
  a.raw.write(Buffer.alloc(2 ** 20))
  await within(60000, 'a megabyte', whole)
  const gone = new Promise((resolve) => b.raw.once('close', resolve)) // with an error: it was reset
  a.raw.destroy()
  await within(60000, 'the end of the other side', gone)
  a.stream.destroy()
  b.stream.destroy()
  await relay.stop()
  await network.close()
})

check('our relay keeps tokens apart, and forgets who has left', async () => {
  const network = await JsNetwork.of(DHT, 4)
  const relay = await cRelay(network)
  const tokens = [randomBytes(32), randomBytes(32)]
  const lonely = network.node().connect(relay.keyPair.publicKey)
  lonely.on('error', () => {})
  await within(60000, 'the relay', once(lonely, 'open'))
  const raw = network.others.at(-1).createRawStream()
  raw.on('error', () => {})
  const request = blindRelay.Client.from(lonely, { id: lonely.publicKey }).pair(true, tokens[0], raw)
  request.on('error', () => {})
  const pairs = await Promise.all([true, false].map((initiator) =>
    paired(network.node(), relay.keyPair.publicKey, initiator, tokens[1])))
  assert.equal((await relay.stats()).relayed, 1)
  for (const { stream, raw } of pairs) {
    raw.destroy()
    stream.destroy()
  }
  lonely.destroy()
  raw.destroy()
  while ((await relay.stats()).relayed) await new Promise((resolve) => setTimeout(resolve, 20))
  await relay.stop()
  await network.close()
})

for (const [whose, make] of [['their relay', jsRelay], ['our relay', cRelay]]) {
  check(`${whose} pairs two of our nodes`, async () => {
    const network = await JsNetwork.of(DHT, 4)
    const relay = await make(network)
    const key = hex(relay.publicKey ?? relay.keyPair.publicKey)
    const token = hex(randomBytes(32))
    const nodes = [await CNode.on(network.text), await CNode.on(network.text)]
    nodes.forEach((node, i) => node.tell(`pair ${key} ${token} ${i}`))
    const sides = async () => relay.stats ? 2 * (await relay.stats()).relayed : relay.sides
    const meet = async () => {
      while (await sides() < 2) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await within(60000, 'pairing', meet())
    for (const node of nodes) await node.stop()
    await relay.stop?.()
    await network.close()
  })

  check(`${whose}: connections that name it come about, whoever names it`, async () => {
    const network = await JsNetwork.of(DHT, 4)
    const relay = await make(network)
    const relayKey = relay.publicKey ?? relay.keyPair.publicKey
    const keyPair = DHT.keyPair()
    await echoServer(network.node(), keyPair, { shareLocalAddress: false, holepunch: () => false })
    const server = await CNode.on(network.text)
    server.tell(`relay ${hex(relayKey)}`)
    server.tell('block')
    const key = await server.listen()
    const client = await CNode.on(network.text)
    client.tell('block')
    client.tell(`relay ${hex(relayKey)}`)
    await client.dialEcho(keyPair.publicKey)
    await client.dialEcho(key)
    await dialEcho(network.node(), key, { fastOpen: false, localConnection: false, relayThrough: relayKey })
    await client.stop()
    await server.stop()
    await relay.stop?.()
    await network.close()
  })
}

await finish()
