// Private networks of our own nodes on loopback, for tests of whole peers.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const program = process.env.INTERCOM_ADMIN ?? path.join(process.env.TEST_BUILD ?? path.join(root, 'build'), 'cli/intercom-admin')
const START_MS = 60_000

/** One node; it ends with the test, and does not keep it. */
async function startNode (bootstrap) {
  const args = ['dht-node', '--host', '127.0.0.1', '--port', '0', ...(bootstrap ? ['--bootstrap', bootstrap] : [])]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { output += data })
  process.on('exit', () => child.kill('SIGTERM'))
  for (const end = Date.now() + START_MS; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 10))) {
    const found = /127\.0\.0\.1:([1-9]\d*)/.exec(output)
    if (found) {
      for (const handle of [child, child.stdout, child.stderr]) handle.unref() // it need not be stopped
      return found[0]
    }
    assert.equal(child.exitCode, null, output)
  }
  return assert.fail(`the node does not say where it is\n${output}`)
}

/** Three persistent nodes; gives what goes behind --dht-bootstrap. */
export async function startNetwork () {
  const bootstrap = await startNode()
  for (let i = 0; i < 2; i++) await startNode(bootstrap)
  return bootstrap
}

/** The flags of a peer on that network. */
export const onNetwork = (bootstrap) => ({ 'dht-bootstrap': bootstrap, 'dht-host': '127.0.0.1', 'sidechannel-welcome-required': 0 })
