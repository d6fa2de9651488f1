// C nodes in the network itself: as its bootstrap node, among twenty of both kinds, and as all but one.
// docs/spec/05-dht-rpc.md, sections 8, 10 and 11; docs/spec/06-hyperdht.md, sections 4 and 5
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { check, finish } from './check.mjs'
import { CNode, collect, dialEcho, echoServer, generations, JsNetwork, LOOPBACK } from './dht_support.mjs'
import { within } from './udx_support.mjs'

const GENERATIONS = await generations()
const hex = (bytes) => Buffer.from(bytes).toString('hex')

/** `ours` C nodes, the first of which is the bootstrap node, and `theirs` of JavaScript, all persistent. */
async function mixed (DHT, ours, theirs) {
  const first = await CNode.first()
  const nodes = [first]
  while (nodes.length < ours) nodes.push(await CNode.on(first.address, { mode: 'persistent' }))
  const network = await JsNetwork.of(DHT, theirs, { first: [{ host: LOOPBACK, port: first.port }] })
  return {
    network,
    nodes,
    async close () {
      await network.close()
      await Promise.all(nodes.map((node) => node.stop()))
    }
  }
}

for (const [name, DHT] of Object.entries(GENERATIONS)) {
  check(`${name}: JavaScript nodes that know only ours are a network`, async () => {
    const { network, nodes, close } = await mixed(DHT, 1, 4)
    for (const node of network.nodes) assert.equal(node.ephemeral, false)
    const [{ nodes: known, persistent }] = await Promise.all(nodes.map((node) => node.stats()))
    assert.equal(persistent, 1)
    assert.equal(known, 4)
    const keyPair = DHT.keyPair()
    await echoServer(network.node(), keyPair)
    await dialEcho(network.node(), keyPair.publicKey)
    await close()
  })

  check(`${name}: ours alone serve JavaScript peers: handshakes, topics, values`, async () => {
    const { network, close } = await mixed(DHT, 4, 0)
    const [server, client] = [network.node(), network.node()]
    const keyPair = DHT.keyPair()
    const topic = randomBytes(32)
    await echoServer(server, keyPair)
    await dialEcho(client, keyPair.publicKey)
    await server.announce(topic, keyPair, []).finished()
    const found = (await collect(client.lookup(topic))).flatMap(({ peers }) => peers)
    assert.equal(found.length, 4)
    const { hash } = await server.immutablePut(Buffer.from('kept by C'))
    assert.equal((await client.immutableGet(hash)).value.toString(), 'kept by C')
    await server.mutablePut(keyPair, Buffer.from('one'), { seq: 1 })
    await server.mutablePut(keyPair, Buffer.from('two'), { seq: 2 })
    assert.equal((await client.mutableGet(keyPair.publicKey)).value.toString(), 'two')
    await server.unannounce(topic, keyPair)
    assert.equal((await collect(client.lookup(topic))).flatMap(({ peers }) => peers).length, 0)
    await close()
  })

  check(`${name}: ten of each: everybody reaches everybody`, async () => {
    const { network, nodes, close } = await mixed(DHT, 10, 10)
    const keyPair = DHT.keyPair()
    await echoServer(network.node(), keyPair)
    const server = await CNode.on(network.text)
    const ourKey = await server.listen()
    const client = await CNode.on(network.text)
    await dialEcho(network.node(), keyPair.publicKey)
    await dialEcho(network.node(), ourKey)
    await client.dialEcho(keyPair.publicKey)
    await client.dialEcho(ourKey)
    for (let i = 0; i < 10; i++) {
      const topic = randomBytes(32)
      await network.nodes[i].announce(topic, keyPair, []).finished()
      const { lines } = await client.ask(`lookup ${hex(topic)}`, 'peer')
      assert.ok(lines.length >= 10, `${lines.length} of ours and theirs told`)
      const { hash } = await network.nodes[i].immutablePut(Buffer.from(`value ${i}`))
      assert.deepEqual((await nodes[i].ask(`get ${hex(hash)}`, 'value')).lines, [`0 value ${i}`])
    }
    for (const node of nodes) assert.equal((await node.stats()).dropped_malformed, 0)
    await Promise.all([server.stop(), client.stop()])
    await close()
  })

  check(`${name}: a node that dies is forgotten, and the others go on`, async () => {
    const { network, nodes, close } = await mixed(DHT, 3, 3)
    const keyPair = DHT.keyPair()
    await echoServer(network.node(), keyPair)
    await network.nodes[2].destroy({ force: true })
    await nodes[2].stop()
    nodes.pop()
    await dialEcho(network.node(), keyPair.publicKey)
    const client = await CNode.on(network.text)
    await within(60000, 'a dial past dead nodes', client.dialEcho(keyPair.publicKey))
    await client.stop()
    await close()
  })
}

await finish()
