// Private networks of JavaScript nodes on loopback, and servers and dialers on them.
import { randomBytes } from 'node:crypto'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { need } from './check.mjs'
import { CPeer, within } from './udx_support.mjs'

const [{ default: DHT }] = await need('hyperdht')

export const LOOPBACK = '127.0.0.1'

/** The two generations of the package that we are held against, by the name under which npm has them here. */
export async function generations () {
  const [{ default: newest }, { default: older }] = await need('hyperdht', 'hyperdht-6.27')
  return { newest, older }
}

/**
 * A network of `size` nodes. As in the package's own testnet, the first one has no bootstrap node and so never
 * learns its address: size - 1 of them are persistent. `bootstrap` goes to further nodes, `text` on a command line.
 */
export class JsNetwork {
  /** `first`: a C node or other outside bootstrap, as [{ host, port }]; then all of `size` nodes are JavaScript's. */
  static async of (DHT, size, { host = LOOPBACK, first = [] } = {}) {
    const network = new JsNetwork()
    Object.assign(network, { DHT, nodes: [], others: [], bootstrap: first })
    while (network.nodes.length < size) {
      const bootstrap = network.bootstrap
      const node = new DHT({ ephemeral: false, firewalled: false, bootstrap, host, port: 0 })
      network.nodes.push(node)
      await within(60000, `node ${network.nodes.length}`, node.fullyBootstrapped())
      if (!bootstrap.length) network.bootstrap = [{ host: LOOPBACK, port: node.address().port }]
    }
    return network
  }

  get text () {
    return this.bootstrap.map(({ host, port }) => `${host}:${port}`).join(',')
  }

  /** One more node, ephemeral and closed with the network: whose server or dialer it is. */
  node ({ DHT = this.DHT, host = LOOPBACK, ...options } = {}) {
    const node = new DHT({ bootstrap: this.bootstrap, host, port: 0, ...options })
    this.others.push(node)
    return node
  }

  async close () {
    await Promise.all(this.others.map((node) => node.destroy({ force: true })))
    await Promise.all(this.nodes.map((node) => node.destroy({ force: true })))
  }
}

/** A server that sends back what it gets. */
export async function echoServer (node, keyPair, options = {}) {
  const server = node.createServer(options, (stream) => {
    stream.on('error', () => {})
    stream.on('data', (data) => stream.write(data))
    stream.on('end', () => stream.end())
  })
  await within(60000, 'listening', server.listen(keyPair))
  return server
}

/** Connect, say something, wait for the echo; the milliseconds until it was open. */
export async function dialEcho (node, publicKey, options = {}) {
  const begun = performance.now()
  const stream = node.connect(publicKey, options)
  const failed = once(stream, 'close').then(() => { throw new Error('the stream closed') })
  const error = new Promise((resolve, reject) => stream.on('error', reject))
  const or = (what, ms, promise) => within(ms, what, Promise.race([promise, failed, error]))
  failed.catch(() => {})
  error.catch(() => {})
  await or('opening', 60000, once(stream, 'open'))
  const ms = performance.now() - begun
  stream.write(Buffer.from('hello'))
  const [answer] = await or('the echo', 60000, once(stream, 'data'))
  if (answer.toString() !== 'hello') throw new Error(`the echo says ${answer}`)
  stream.destroy()
  await within(60000, 'closing', failed.catch(() => {}))
  return ms
}

/** Everything that a lookup, a find or an announce brings: [{ from, peers }]. */
export async function collect (query) {
  const found = []
  for await (const reply of query) found.push(reply)
  return found
}

export const MODES = { adaptive: 0, ephemeral: 1, persistent: 2, bootstrapper: 3 }

/** The C program dht_peer: a node, and a server or dialer on it. */
export class CNode {
  static async on (bootstrap, { host = LOOPBACK, mode = 'ephemeral', seed = randomBytes(32), port = 0 } = {}) {
    const node = new CNode()
    node.keyPair = DHT.keyPair(seed)
    node.peer = await CPeer.run(process.env.DHT_PEER,
      [bootstrap || '-', host, String(MODES[mode]), seed.toString('hex'), String(port)])
    node.port = node.peer.port
    node.address = `${LOOPBACK}:${node.port}`
    await node.saw('ready')
    return node
  }

  /** A bootstrapper needs its port beforehand: one that was free a moment ago. */
  static async first (options = {}) {
    const socket = dgram.createSocket('udp4').bind(0, LOOPBACK)
    await once(socket, 'listening')
    const { port } = socket.address()
    await new Promise((resolve) => socket.close(resolve))
    return CNode.on('', { mode: 'bootstrapper', port, ...options })
  }

  tell (line) {
    this.peer.tell(line)
  }

  saw (word, ms = 60000) {
    return this.peer.saw(word, ms)
  }

  async listen () {
    this.tell('listen')
    await this.saw('listening')
    return this.keyPair.publicKey
  }

  /** As dialEcho; the milliseconds until it was connected. */
  async dialEcho (publicKey, nodes = '') {
    this.tell(`connect ${publicKey.toString('hex')} ${nodes}`)
    const ms = Number(await this.sawOr('connected', 'failed'))
    const [word] = (await this.sawOr('echo', 'hung-up')).split(' ')
    if (word !== 'hello') throw new Error(`the echo says ${word}`)
    await this.saw('hung-up')
    return ms
  }

  /** The rest of `good`; a line that begins with `bad` and comes before it is an error. */
  async sawOr (good, bad) {
    const is = (line, word) => line === word || line.startsWith(word + ' ')
    const line = await within(60000, `C node: '${good}'`, new Promise((resolve) => {
      const ask = () => {
        const at = this.peer.lines.findIndex((line) => is(line, good) || is(line, bad))
        if (at >= 0) resolve(this.peer.lines.splice(at, 1)[0])
        return at >= 0
      }
      if (!ask()) this.peer.waiting.push(ask)
    }))
    if (!is(line, good)) throw new Error(line)
    return line.slice(good.length + 1)
  }

  /** Ask, and collect the lines that begin with `word` until it is done: { code, nodes, lines }. */
  async ask (line, word) {
    this.tell(line)
    const [code, nodes] = (await this.saw('done')).split(' ')
    const lines = []
    while (this.peer.lines.some((line) => line.startsWith(word + ' '))) lines.push(await this.saw(word))
    return { code, nodes: Number(nodes), lines }
  }

  stats () {
    return this.peer.stats()
  }

  stop () {
    return this.peer.stop()
  }
}
