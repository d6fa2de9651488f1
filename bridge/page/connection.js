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
let giveUp /* ends the wait for opening */
let keep = false /* was ready once: dial again when it breaks */
let failures = 0
let retryTimer = 0
let pingTimer = 0
let nextId = 1
const pending = new Map() /* id -> { resolve, reject, timer } */

export function listen (stateChanged, pushed) {
  onState = stateChanged
  onPush = pushed
}

/** `code`: address, unreachable, token, lost, timeout, refused (the peer's own words). */
function fault (code, text) {
  return Object.assign(new Error(text), { code })
}

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
  clearTimeout(retryTimer)
  redial()
}

/** Send one command; resolves with its answer, rejects with a fault. */
export function request (message, timeoutMs = ANSWER_MS) {
  return new Promise((resolve, reject) => {
    if (socket?.readyState !== WebSocket.OPEN) throw fault('lost', 'Not connected to a peer.')
    const id = nextId++
    const timer = setTimeout(() => {
      pending.delete(id)
      reject(fault('timeout', `No answer within ${timeoutMs / 1000} seconds.`))
    }, timeoutMs)
    pending.set(id, { resolve, reject, timer })
    socket.send(JSON.stringify({ id, ...message }))
  })
}

async function dial () {
  let mine
  onState({ name: 'connecting' })
  try {
    mine = socket = knock()
    await opened(mine)
    await request({ type: 'auth', token }).catch(refusal)
    established(mine)
  } catch (error) {
    if (mine === socket) drop(error)
    return error
  }
}

function knock () {
  try {
    return new WebSocket(url)
  } catch {
    throw fault('address', 'This is no WebSocket address. It looks like ws://127.0.0.1:49222.')
  }
}

function opened (mine) {
  return new Promise((resolve, reject) => {
    const nobody = () => reject(fault('unreachable', `Nothing answers at ${url}.`))
    const timer = setTimeout(nobody, DIAL_MS)
    giveUp = reject
    mine.onmessage = ({ data }) => receive(JSON.parse(data))
    mine.onopen = () => {
      clearTimeout(timer)
      resolve()
    }
    mine.onclose = () => {
      nobody()
      drop(fault('lost', 'The peer hung up before it let us in.'))
    }
  })
}

function refusal (error) {
  if (error.code !== 'refused') throw error
  throw fault('token', error.message === 'Unauthorized.' ? 'The peer refused this token.' : error.message)
}

function established (mine) {
  mine.onclose = lost
  keep = true
  failures = 0
  pingTimer = setInterval(ping, PING_EVERY_MS)
  onState({ name: 'ready' })
}

function ping () {
  request({ type: 'ping' }).catch((error) => error.code === 'timeout' && lost())
}

function receive (message) {
  const waiting = pending.get(message.id)
  if (!waiting) return onPush(message)
  pending.delete(message.id)
  clearTimeout(waiting.timer)
  if (message.type === 'error') waiting.reject(fault('refused', String(message.error)))
  else waiting.resolve(message)
}

function lost () {
  drop(fault('lost', 'The connection to the peer broke off.'))
  retryLater()
}

function stop () {
  keep = false
  clearTimeout(retryTimer)
  drop(fault('lost', 'The connection was closed.'))
}

/** What waits for the socket fails; nothing of it is heard any more. */
function drop (error) {
  clearInterval(pingTimer)
  giveUp?.(error)
  if (socket) {
    socket.onopen = socket.onclose = socket.onmessage = null
    socket.close()
    socket = null
  }
  for (const { reject, timer } of pending.values()) {
    clearTimeout(timer)
    reject(error)
  }
  pending.clear()
}

function retryLater () {
  const step = Math.min(RETRY_FIRST_MS * 2 ** failures++, RETRY_LAST_MS)
  const wait = Math.round(step * (0.8 + 0.4 * Math.random())) /* many tabs shouldn't knock at once */
  retryTimer = setTimeout(redial, wait)
  onState({ name: 'waiting' })
}

async function redial () {
  const error = await dial()
  if (!error || !keep) return
  if (error.code !== 'token') return retryLater()
  keep = false /* asking again with the same token only annoys the peer */
  onState({ name: 'closed', error })
}
