// What dht_peer does, in JavaScript, as far as bench_swarm.mjs wants it.
import { createRequire } from 'node:module'
import readline from 'node:readline'

const require = createRequire(new URL('../interop/package.json', import.meta.url))
const DHT = require('hyperdht')
const [bootstrap, seed] = process.argv.slice(2)
const begun = performance.now()
const node = new DHT({ bootstrap: bootstrap.split(','), host: '127.0.0.1', port: 0 })
const keyPair = DHT.keyPair(Buffer.from(seed, 'hex'))
const since = (start) => (performance.now() - start).toFixed(3)

function dial (key) {
  const start = performance.now()
  const stream = node.connect(key, { keyPair })
  stream.on('open', () => console.log(`opened ${since(start)}`))
  stream.on('data', (data) => {
    console.log(`echo ${data} ${since(start)}`)
    stream.end()
  })
  stream.on('error', (error) => console.log(`failed ${error.code}`))
  stream.on('close', () => console.log('hung-up'))
  stream.write('hello')
}

async function obey (what, argument) {
  if (what === 'listen') {
    const server = node.createServer((stream) => {
      stream.on('error', () => {})
      stream.on('data', (data) => stream.write(data))
      stream.on('end', () => stream.end())
    })
    await server.listen(keyPair)
    console.log(`listening ${keyPair.publicKey.toString('hex')}`)
  } else if (what === 'connect') {
    dial(Buffer.from(argument, 'hex'))
  } else if (what === 'quit') {
    await node.destroy({ force: true })
    process.exit(0)
  }
}

await node.fullyBootstrapped()
console.log(`port ${node.address().port}`)
console.log(`ready ${since(begun)}`)
readline.createInterface({ input: process.stdin }).on('line', (line) => obey(...line.split(' ')))
