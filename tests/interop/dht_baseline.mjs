// JavaScript against itself on the networks that the other tests use: what it cannot do here, nobody can be asked for.
// docs/spec/06-hyperdht.md, sections 6, 7 and 10
import assert from 'node:assert/strict'
import { check, finish } from './check.mjs'
import { collect, dialEcho, echoServer, generations, JsNetwork } from './dht_support.mjs'

const { newest, older } = await generations()
const MIXES = { newest: [newest, newest], older: [older, older], 'newest serves older': [newest, older] }

for (const [name, [Server, Client]] of Object.entries(MIXES)) {
  check(`${name}: connect by key on a network of four`, async () => {
    const network = await JsNetwork.of(Server, 4)
    const keyPair = Server.keyPair(Buffer.alloc(32, 1))
    await echoServer(network.node(), keyPair)
    await dialEcho(network.node({ DHT: Client }), keyPair.publicKey)
    await network.close()
  })

  check(`${name}: a topic is announced and found, and values are stored`, async () => {
    const network = await JsNetwork.of(Server, 4)
    const [a, b] = [network.node(), network.node({ DHT: Client })]
    const keyPair = Server.keyPair(Buffer.alloc(32, 2))
    const topic = Buffer.alloc(32, 3)
    await a.announce(topic, keyPair, []).finished()
    const peers = (await collect(b.lookup(topic))).flatMap(({ peers }) => peers)
    assert.ok(peers.some(({ publicKey }) => publicKey.equals(keyPair.publicKey)))
    const { hash } = await a.immutablePut(Buffer.from('value'))
    assert.equal((await b.immutableGet(hash)).value.toString(), 'value')
    await a.mutablePut(keyPair, Buffer.from('first'), { seq: 1 })
    assert.equal((await b.mutableGet(keyPair.publicKey)).value.toString(), 'first')
    await network.close()
  })
}

await finish()
