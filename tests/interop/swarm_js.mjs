// The reference's swarm, told what to do line by line as swarm_peer.c is.
//   node swarm_js.mjs PACKAGE BOOTSTRAP SEED [HOST [RELAY]]
import { createRequire } from 'node:module'
import readline from 'node:readline'

const require = createRequire(import.meta.url)
const [name, bootstrap, firstSeed, host = '127.0.0.1', relay] = process.argv.slice(2)
const Hyperswarm = require(name)
const DHT = require('hyperdht')

const nodes = bootstrap.split(',').map((text) => ({ host: text.split(':')[0], port: Number(text.split(':')[1]) }))
const say = (...words) => process.stdout.write(words.join(' ') + '\n')
let swarm = null
let refused = null
let joined = 0
let topics = new Map()

async function begin (seed) {
  const dht = new DHT({ bootstrap: nodes, host, port: 0 })
  swarm = new Hyperswarm({
    dht,
    seed: Buffer.from(seed, 'hex'),
    firewall: (key) => refused?.equals(key) ?? false,
    relayThrough: relay ? Buffer.from(relay, 'hex') : null
  })
  topics = new Map()
  swarm.on('connection', (stream, info) => {
    const key = stream.remotePublicKey.toString('hex')
    say('connection', key, info.client ? 'client' : 'server', (performance.now() - joined).toFixed(3))
    stream.on('error', () => {})
    stream.on('data', (data) => say('message', key, data.toString()))
    stream.on('end', () => stream.end())
    stream.on('close', () => say('closed', key, 'CLOSED'))
    stream.write(Buffer.from('hello'))
  })
  swarm.on('ban', (info) => say('ban', info.publicKey.toString('hex')))
  await dht.fullyBootstrapped()
  say('port', dht.address().port)
}

const words = {
  key: () => say('key', swarm.keyPair.publicKey.toString('hex')),
  join: (topic, role) => {
    joined = performance.now()
    const session = swarm.join(Buffer.from(topic, 'hex'), { server: role !== 'client', client: role !== 'server' })
    topics.set(topic, session)
    session.flushed().then((ok) => say('joined', ok ? 1 : 0))
  },
  leave: (topic) => topics.get(topic).destroy(),
  flush: () => swarm.flush().then((ok) => say('flushed', ok ? 1 : 0)),
  peer: (key) => swarm.joinPeer(Buffer.from(key, 'hex')),
  refuse: (key) => { refused = Buffer.from(key, 'hex') },
  suspend: () => swarm.suspend(),
  resume: () => swarm.resume(),
  stats: () => say('stats', JSON.stringify({ connections: swarm.connections.size })),
  renew: (seed) => swarm.destroy().then(() => begin(seed)),
  die: () => process.exit(0),
  quit: () => swarm.destroy().then(() => process.exit(0))
}

await begin(firstSeed)
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const [word, ...rest] = line.split(' ')
  words[word](...rest)
}).on('close', () => words.quit())
