// Key files, addresses and signatures: intercom-admin against trac-wallet 1.0.1, in both directions.
// docs/spec/11-wallet.md
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { check, finish, need, run, temporaryFolder } from './check.mjs'

const [{ default: Wallet }] = await need('trac-wallet')
const folder = temporaryFolder()
const MAINNET = { name: 'mainnet', prefix: 'trac', path: "m/918'/0'/0'/0'" }
const TESTNET = { name: 'testnet1', prefix: 'testtrac', path: "m/919'/0'/0'/0'" }
const MESSAGE = Buffer.from('{"type":"chat","text":"é中😀"}')
const PASSWORD = 'correct horse battery staple'

// trac-wallet reports on the console what it does.
console.info = console.log
const quiet = (body) => {
  const { log, error } = console
  console.log = console.error = () => {}
  try {
    return body()
  } finally {
    Object.assign(console, { log, error })
  }
}

const admin = (command, file, network, args = [], input = '') =>
  run('INTERCOM_ADMIN', ['key', command, '--file', file, '--network', network.name, ...args], { input })

const json = (text) => JSON.parse(text)

async function emptyWallet (network) {
  const wallet = new Wallet({ networkPrefix: network.prefix })
  await wallet.ready
  return wallet
}

async function newWallet (network) {
  const wallet = await emptyWallet(network)
  await quiet(() => wallet.generateKeyPair(null, network.path))
  return wallet
}

/** Same keys, words, path, address and signature on both sides. */
function assertSame (wallet, file, network, args = []) {
  const ours = json(admin('export', file, network, ['--secret', '--json', ...args], ''))
  assert.equal(ours.address, wallet.address)
  assert.equal(ours.publicKey, wallet.publicKey.toString('hex'))
  assert.equal(ours.words, wallet.mnemonic)
  assert.equal(ours.path, wallet.derivationPath)
  assert.equal(ours.seed, wallet.secretKey.subarray(0, 32).toString('hex'))
  const signature = json(admin('sign', file, network, ['--json', ...args], MESSAGE)).signature
  assert.equal(signature, wallet.sign(MESSAGE).toString('hex'))
  assert.ok(wallet.verify(Buffer.from(signature, 'hex'), MESSAGE))
  assert.equal(run('INTERCOM_ADMIN', ['key', 'verify', wallet.address, signature], { input: MESSAGE }), 'good\n')
}

for (const network of [MAINNET, TESTNET]) {
  check(`our file opens in trac-wallet (${network.name})`, async () => {
    const file = path.join(folder, `ours-${network.name}.json`)
    admin('new', file, network)
    const wallet = await emptyWallet(network)
    quiet(() => wallet.importFromFile(file))
    assertSame(wallet, file, network)
  })

  check(`the file of trac-wallet opens here (${network.name})`, async () => {
    const file = path.join(folder, `theirs-${network.name}.json`)
    const wallet = await newWallet(network)
    quiet(() => wallet.exportToFile(file))
    assertSame(wallet, file, network)
  })
}

check('both files have the same shape', () => {
  const shape = (name) => fs.readFileSync(path.join(folder, name), 'utf8').replace(/[0-9a-f]{24,}/g, (hex) => {
    return hex.length < 50 ? `<${hex.length}>` : '<long>'
  })
  assert.equal(shape('ours-mainnet.json'), shape('theirs-mainnet.json'))
})

check('a password works in both directions', async () => {
  const line = path.join(folder, 'password')
  fs.writeFileSync(line, PASSWORD + '\n')
  const args = ['--password-file', line]

  const ours = path.join(folder, 'ours-password.json')
  admin('new', ours, MAINNET, args)
  const opened = await emptyWallet(MAINNET)
  quiet(() => opened.importFromFile(ours, Buffer.from(PASSWORD)))
  assertSame(opened, ours, MAINNET, args)

  const theirs = path.join(folder, 'theirs-password.json')
  const wallet = await newWallet(MAINNET)
  quiet(() => wallet.exportToFile(theirs, Buffer.from(PASSWORD)))
  assertSame(wallet, theirs, MAINNET, args)
})

check('a file without words goes both ways', async () => {
  const theirs = path.join(folder, 'theirs-bare.json')
  const made = await newWallet(MAINNET)
  const wallet = await Wallet.fromKeyPair({ publicKey: made.publicKey, secretKey: made.secretKey })
  quiet(() => wallet.exportToFile(theirs))
  const ours = json(admin('export', theirs, MAINNET, ['--secret', '--json']))
  assert.equal(ours.address, made.address)
  assert.equal(ours.words, null)

  const again = path.join(folder, 'ours-bare.json')
  admin('import', again, MAINNET, [], ours.seed)
  const opened = await emptyWallet(MAINNET)
  quiet(() => opened.importFromFile(again))
  assert.equal(opened.address, made.address)
  assert.equal(opened.mnemonic, null)
})

await finish()
