// The agents of examples/: one over the C API, one over SC-Bridge; a person asks both.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import path from 'node:path'
import { Client, Peer, TOKEN, folder, within } from './bridge_support.mjs'
import { check, finish, until } from './check.mjs'
import { onNetwork, startNetwork } from './network_support.mjs'

const ROOM = 'help-desk'
const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname)
const bootstrap = await startNetwork()
const flags = { ...onNetwork(bootstrap), sidechannels: ROOM }

/** A program that goes on until it is told; `says` waits for a text of it. */
function start (program, args, env = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { output += data })
  process.on('exit', () => child.kill('SIGKILL'))
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)))
  const says = async (text) => {
    while (!output.includes(text)) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const stop = async () => {
    child.kill('SIGINT')
    assert.equal(await within(ended, 'the agent to end'), 0, output)
  }
  return { says, stop }
}

const person = await Peer.start('person', flags)
const client = await Client.enter(person)
/** Who is connected may not have opened the channel yet: ask again until the answer comes. */
const answers = (question, answer) => until(`the answer to ${question}`, async () => {
  await client.ask({ type: 'send', channel: ROOM, message: question })
  await new Promise((resolve) => setTimeout(resolve, 200))
  return client.has((m) => m.type === 'sidechannel_message' && m.message === answer)
})

check('the agent in C answers', async () => {
  const agent = start(process.env.EXAMPLE_AGENT, [bootstrap, ROOM, path.join(folder, 'agents')])
  await within(agent.says('is here'), 'the agent to meet the person')
  await answers('echo "quoted" and \u00e9', '"quoted" and \u00e9')
  await agent.stop()
})

check('the agent over SC-Bridge answers', async () => {
  const peer = await Peer.start('helper', flags)
  const agent = start(process.execPath, [path.join(here, '../../examples/bridge_agent.cjs'), `ws://127.0.0.1:${peer.port}`, ROOM],
    { TOKEN, NODE_PATH: path.join(here, 'node_modules') })
  await within(agent.says(`listening on ${ROOM}`), 'the agent to listen')
  await answers('echo hello there', 'hello there')
  await agent.stop()
  await peer.stop()
})

check('the person ends well', () => person.stop())

await finish()
