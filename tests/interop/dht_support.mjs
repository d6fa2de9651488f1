// Private networks of JavaScript nodes on loopback, and servers and dialers on them.
import { once } from 'node:events'
import { need } from './check.mjs'
import { within } from './udx_support.mjs'

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
      await within(10000, `node ${network.nodes.length}`, node.fullyBootstrapped())
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
  await within(10000, 'listening', server.listen(keyPair))
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
  await or('opening', 15000, once(stream, 'open'))
  const ms = performance.now() - begun
  stream.write(Buffer.from('hello'))
  const [answer] = await or('the echo', 5000, once(stream, 'data'))
  if (answer.toString() !== 'hello') throw new Error(`the echo says ${answer}`)
  stream.destroy()
  await within(5000, 'closing', failed.catch(() => {}))
  return ms
}

/** Everything that a lookup, a find or an announce brings: [{ from, peers }]. */
export async function collect (query) {
  const found = []
  for await (const reply of query) found.push(reply)
  return found
}
