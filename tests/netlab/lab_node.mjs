// A JavaScript node that is told what to do line by line, as tests/interop/dht_peer.c is.
//   node lab_node.mjs nodes HOST,HOST,...      a bootstrap node and persistent ones at port 49737, one an address
//   node lab_node.mjs more HOST,HOST,... BOOTSTRAP   the same without a bootstrap node
//   node lab_node.mjs peer BOOTSTRAP SEED [open]  "listen", "relay KEY", "connect KEY", "hold KEY" and "say WORD",
//                                              "carry", "quit"; who carries is a blind relay
import readline from 'node:readline'
import { need } from '../interop/check.mjs'

const [{ default: DHT }, { default: BlindRelay }] = await need('hyperdht', 'blind-relay')
const [role, where, seed, reach] = process.argv.slice(2)
const PORT = 49737
const say = (...words) => console.log(words.join(' '))

async function nodes (hosts) {
  const first = DHT.bootstrapper(PORT, hosts[0], { host: hosts[0] })
  await first.fullyBootstrapped()
  await more(hosts.slice(1), [{ host: hosts[0], port: PORT }])
}

async function more (hosts, bootstrap) {
  for (const host of hosts) {
    const node = new DHT({ host, port: PORT, ephemeral: false, firewalled: false, bootstrap })
    await node.fullyBootstrapped()
  }
}

function onConnection (stream) {
  say('connection', stream.remotePublicKey.toString('hex'))
  stream.on('error', () => {})
  stream.on('data', (data) => stream.write(data))
  stream.on('end', () => stream.end())
  stream.on('close', () => say('closed'))
}

let held = null

function connect (node, keyPair, key, relayThrough, holds) {
  const begun = performance.now()
  const stream = node.connect(Buffer.from(key, 'hex'), { keyPair, relayThrough })
  stream.on('open', () => say('connected', (performance.now() - begun).toFixed(3)))
  stream.on('error', (error) => say('failed', error.code))
  stream.on('close', () => say('hung-up'))
  stream.on('data', (data) => {
    say('echo', data.toString(), (performance.now() - begun).toFixed(3))
    if (!holds) stream.end()
  })
  stream.write('hello')
  held = stream
}

async function peer () {
  const node = new DHT({ bootstrap: [where], firewalled: reach !== 'open' })
  const keyPair = DHT.keyPair(Buffer.from(seed, 'hex'))
  let relay = null
  await node.fullyBootstrapped()
  const obey = {
    async carry () {
      const carrier = new BlindRelay.Server({ createStream: (o) => node.createRawStream({ ...o, framed: true }) })
      const server = node.createServer((stream) => {
        stream.on('error', () => {})
        carrier.accept(stream, { id: stream.remotePublicKey }).on('error', () => {})
      })
      await server.listen(keyPair)
      say('carrying', keyPair.publicKey.toString('hex'))
    },
    relay (key) {
      relay = Buffer.from(key, 'hex')
    },
    async listen () {
      await node.createServer(onConnection).listen(keyPair)
      say('listening', keyPair.publicKey.toString('hex'))
    },
    connect: (key) => connect(node, keyPair, key, relay, false),
    hold: (key) => connect(node, keyPair, key, relay, true),
    say: (word) => held.write(word),
    quit: () => process.exit(0)
  }
  readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const [word, ...rest] = line.split(' ')
    obey[word](...rest)
  }).on('close', obey.quit)
}

say('port', PORT)
if (role === 'nodes') await nodes(where.split(','))
else if (role === 'more') await more(where.split(','), [seed])
else await peer()
say('ready')
