/** The WebSocket to the SC-Bridge (docs/spec/13-sc-bridge.md): token, answers by id, reconnecting. */

const DIAL_MS = 8_000
const ANSWER_MS = 10_000
const PING_EVERY_MS = 20_000
const RETRY_FIRST_MS = 500
const RETRY_LAST_MS = 15_000

let onState /* ({ name, error? }); "ready" means that the token was good */
let onPush /* (message) that answers no request */
let url
let token
let socket = null
let keep = false /* was ready once: dial again when it breaks */
let failures = 0
let next = 0 /* ping or attempt */
let nextId = 1
const OPENING = 0 /* waits like an answer */
const pending = new Map()

export function listen (stateChanged, pushed) {
  onState = stateChanged
  onPush = pushed
}

/** `code`: address, unreachable, token, lost, timeout, refused (the peer's own words). */
const fault = (code, text) => Object.assign(new Error(text), { code })

/** A first attempt that fails is not repeated. */
export async function open (toUrl, withToken) {
  stop()
  url = toUrl
  token = withToken
  const error = await dial()
  if (!error) return
  if (!socket) onState({ name: 'closed', error })
  throw error
}

export function close () {
  stop()
  onState({ name: 'closed' })
}

export function retryNow () {
  if (!keep || socket) return
  clearTimeout(next)
  redial()
}

export async function request (message, timeoutMs = ANSWER_MS) {
  if (socket?.readyState !== WebSocket.OPEN) throw fault('lost', 'Not connected to a peer.')
  const id = nextId++
  socket.send(JSON.stringify({ id, ...message }))
  return wait(id, timeoutMs, fault('timeout', `No answer within ${timeoutMs / 1000} seconds.`))
}

function wait (id, ms, late) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(id).reject(late), ms)
    pending.set(id, { resolve, reject, timer })
  })
}

function settle (id) {
  const waiting = pending.get(id)
  pending.delete(id)
  clearTimeout(waiting?.timer)
  return waiting
}

async function dial () {
  let mine
  onState({ name: 'connecting' })
  try {
    if (!/^wss?:\/\/[^/]/.test(url)) throw fault('address', 'This is no WebSocket address. It looks like ws://127.0.0.1:49222.')
    mine = socket = new WebSocket(url)
    await opened(mine)
    await request({ type: 'auth', token }).catch(refusal)
    mine.onclose = lost
    keep = true
    failures = 0
    ping()
    onState({ name: 'ready' })
  } catch (error) {
    if (mine === socket) drop(error)
    return error
  }
}

function opened (mine) {
  const nobody = fault('unreachable', `Nothing answers at ${url}.`)
  mine.onmessage = ({ data }) => receive(JSON.parse(data))
  mine.onopen = () => settle(OPENING).resolve()
  mine.onclose = () => drop(pending.has(OPENING) ? nobody : fault('lost', 'The peer hung up before it let us in.'))
  return wait(OPENING, DIAL_MS, nobody)
}

function refusal (error) {
  if (error.code !== 'refused') throw error
  throw fault('token', error.message === 'Unauthorized.' ? 'The peer refused this token.' : error.message)
}

function ping () {
  const ask = () => request({ type: 'ping' }).then(ping, ({ code }) => code === 'timeout' && lost())
  next = setTimeout(ask, PING_EVERY_MS)
}

function receive (message) {
  const waiting = settle(message.id)
  if (!waiting) onPush(message)
  else if (message.type === 'error') waiting.reject(fault('refused', String(message.error)))
  else waiting.resolve(message)
}

function lost () {
  drop(fault('lost', 'The connection to the peer broke off.'))
  retryLater()
}

function stop () {
  keep = false
  drop(fault('lost', 'The connection was closed.'))
}

/** What waits for the socket fails; nothing of it is heard any more. */
function drop (error) {
  clearTimeout(next)
  if (socket) {
    socket.onopen = socket.onclose = socket.onmessage = null
    socket.close()
    socket = null
  }
  for (const id of [...pending.keys()]) settle(id).reject(error)
}

function retryLater () {
  const step = Math.min(RETRY_FIRST_MS * 2 ** failures++, RETRY_LAST_MS)
  next = setTimeout(redial, step * (0.8 + 0.4 * Math.random())) /* many tabs shouldn't knock at once */
  onState({ name: 'waiting' })
}

async function redial () {
  const error = await dial()
  if (!error || !keep) return
  if (error.code !== 'token') return retryLater()
  keep = false
  onState({ name: 'closed', error })
}
