// A JavaScript node that is told what to do line by line, as tests/interop/dht_peer.c is.
//   node lab_node.mjs nodes HOST,HOST,...      a bootstrap node and persistent ones at port 49737, one an address
//   node lab_node.mjs peer BOOTSTRAP SEED      "listen", "connect KEY", "quit"
import readline from 'node:readline'
import { need } from '../interop/check.mjs'

const [{ default: DHT }] = await need('hyperdht')
const [role, where, seed] = process.argv.slice(2)
const PORT = 49737
const say = (...words) => console.log(words.join(' '))

async function nodes (hosts) {
  const first = DHT.bootstrapper(PORT, hosts[0], { host: hosts[0] })
  await first.fullyBootstrapped()
  for (const host of hosts.slice(1)) {
    const bootstrap = [{ host: hosts[0], port: PORT }]
    const node = new DHT({ host, port: PORT, ephemeral: false, firewalled: false, bootstrap })
    await node.fullyBootstrapped()
  }
}

function onConnection (stream) {
  say('connection', stream.remotePublicKey.toString('hex'))
  stream.on('error', () => {})
  stream.on('data', (data) => stream.write(data))
  stream.on('end', () => stream.end())
}

function connect (node, keyPair, key) {
  const begun = performance.now()
  const stream = node.connect(Buffer.from(key, 'hex'), { keyPair })
  stream.on('open', () => say('connected', (performance.now() - begun).toFixed(3)))
  stream.on('error', (error) => say('failed', error.code))
  stream.on('close', () => say('hung-up'))
  stream.on('data', (data) => {
    say('echo', data.toString(), (performance.now() - begun).toFixed(3))
    stream.end()
  })
  stream.write('hello')
}

async function peer () {
  const node = new DHT({ bootstrap: [where] })
  const keyPair = DHT.keyPair(Buffer.from(seed, 'hex'))
  await node.fullyBootstrapped()
  const obey = {
    async listen () {
      await node.createServer(onConnection).listen(keyPair)
      say('listening', keyPair.publicKey.toString('hex'))
    },
    connect: (key) => connect(node, keyPair, key),
    quit: () => process.exit(0)
  }
  readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const [word, ...rest] = line.split(' ')
    obey[word](...rest)
  }).on('close', obey.quit)
}

say('port', PORT)
if (role === 'nodes') await nodes(where.split(','))
else await peer()
say('ready')
