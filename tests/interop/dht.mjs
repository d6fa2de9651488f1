// A C node, server and dialer (intercom/dht.h) against hyperdht, on networks of JavaScript nodes.
// docs/spec/06-hyperdht.md, sections 2, 5, 6, 7 and 10
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { check, finish } from './check.mjs'
import { CNode, collect, dialEcho, echoServer, generations, JsNetwork, LOOPBACK } from './dht_support.mjs'

const GENERATIONS = await generations()
const hex = (bytes) => Buffer.from(bytes).toString('hex')

for (const [name, DHT] of Object.entries(GENERATIONS)) {
  for (const size of [3, 4]) {
    for (const ours of ['0.0.0.0', LOOPBACK]) {
      for (const theirs of ['0.0.0.0', LOOPBACK]) {
        const title = `${name}, network of ${size}, we at ${ours}, they at ${theirs}`

        check(`${title}: they connect to our server`, async () => {
          const network = await JsNetwork.of(DHT, size)
          const c = await CNode.on(network.text, { host: ours })
          const key = await c.listen()
          await dialEcho(network.node({ host: theirs }), key)
          assert.equal((await c.saw('connection')).length, 64)
          await c.saw('proven')
          await c.saw('closed')
          await c.stop()
          await network.close()
        })

        check(`${title}: we connect to their server`, async () => {
          const network = await JsNetwork.of(DHT, size)
          const keyPair = DHT.keyPair()
          await echoServer(network.node({ host: theirs }), keyPair)
          const c = await CNode.on(network.text, { host: ours })
          await c.dialEcho(keyPair.publicKey)
          await c.stop()
          await network.close()
        })
      }
    }
  }

  check(`${name}: what they announce we find, and the other way round`, async () => {
    const network = await JsNetwork.of(DHT, 4)
    const node = network.node()
    const keyPair = DHT.keyPair()
    const topic = randomBytes(32)
    const c = await CNode.on(network.text)
    await c.listen()
    await node.announce(topic, keyPair, [{ host: LOOPBACK, port: 4321 }]).finished()
    const seen = await c.ask(`lookup ${hex(topic)}`, 'peer')
    assert.equal(seen.code, 'OK')
    assert.ok(seen.lines.length > 0)
    for (const line of seen.lines) assert.ok(line.startsWith(`${hex(keyPair.publicKey)} ${LOOPBACK}:4321 `), line)
    assert.equal((await c.ask(`announce ${hex(topic)}`, '-')).code, 'OK')
    const found = (await collect(node.lookup(topic))).flatMap(({ peers }) => peers)
    const ours = found.filter(({ publicKey }) => publicKey.equals(c.keyPair.publicKey))
    assert.ok(ours.length > 0)
    assert.ok(ours[0].relayAddresses.length > 0)
    assert.equal((await c.ask(`unannounce ${hex(topic)}`, '-')).code, 'OK')
    const left = (await collect(node.lookup(topic))).flatMap(({ peers }) => peers)
    assert.ok(left.length > 0)
    assert.ok(!left.some(({ publicKey }) => publicKey.equals(c.keyPair.publicKey)))
    await c.stop()
    await network.close()
  })

  check(`${name}: both find the other's server`, async () => {
    const network = await JsNetwork.of(DHT, 4)
    const keyPair = DHT.keyPair()
    const node = network.node()
    await echoServer(node, keyPair)
    const c = await CNode.on(network.text)
    await c.listen()
    const theirs = await c.ask(`find ${hex(keyPair.publicKey)}`, 'peer')
    assert.equal(theirs.code, 'OK')
    assert.ok(theirs.lines[0].startsWith(hex(keyPair.publicKey)))
    const ours = await collect(node.findPeer(c.keyPair.publicKey))
    assert.ok(ours.some(({ peer }) => peer.publicKey.equals(c.keyPair.publicKey)))
    await c.stop()
    await network.close()
  })

  check(`${name}: values are read by the other, whoever stored them`, async () => {
    const network = await JsNetwork.of(DHT, 4)
    const node = network.node()
    const keyPair = DHT.keyPair()
    const c = await CNode.on(network.text)
    const { hash } = await node.immutablePut(Buffer.from('theirs'))
    assert.deepEqual((await c.ask(`get ${hex(hash)}`, 'value')).lines, ['0 theirs'])
    await node.mutablePut(keyPair, Buffer.from('signed'), { seq: 7 })
    assert.deepEqual((await c.ask(`mget ${hex(keyPair.publicKey)} 0`, 'value')).lines, ['7 signed'])
    assert.equal((await c.ask(`mget ${hex(keyPair.publicKey)} 8`, 'value')).code, 'NOT_FOUND')
    const stored = await c.ask('put ours', 'hash')
    assert.equal(stored.code, 'OK')
    assert.equal(stored.nodes, 3)
    assert.equal((await node.immutableGet(Buffer.from(stored.lines[0], 'hex'))).value.toString(), 'ours')
    assert.equal((await c.ask('mput 3 ours', '-')).code, 'OK')
    const value = await node.mutableGet(c.keyPair.publicKey)
    assert.equal(value.value.toString(), 'ours')
    assert.equal(value.seq, 3)
    assert.equal((await c.ask('mput 2 older', '-')).code, 'EXISTS')
    await c.stop()
    await network.close()
  })
}

await finish()
