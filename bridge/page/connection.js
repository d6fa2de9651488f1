/**
 * The WebSocket to the SC-Bridge: authentication, answers matched to requests by id,
 * reconnecting with back-off (docs/spec/13-sc-bridge.md).
 */

const DIAL_MS = 8_000
const ANSWER_MS = 10_000
const PING_EVERY_MS = 20_000
const BACKOFF_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000]

/** `code`: address, unreachable, token, lost, timeout, refused (the peer's own words). */
class BridgeError extends Error {
  constructor (code, text) {
    super(text)
    this.code = code
  }
}

export class Connection {
  #onState
  #onPush
  #url = ''
  #token = ''
  #socket = null
  #keep = false /* was ready once: dial again when it breaks */
  #failures = 0
  #retryTimer = 0
  #pingTimer = 0
  #nextId = 1
  #pending = new Map() /* id -> { resolve, reject, timer } */

  /**
   * @param onState  called with { name, error?, retryAt? }; "ready" means authenticated
   * @param onPush   called with every message that answers no request
   */
  constructor ({ onState, onPush }) {
    this.#onState = onState
    this.#onPush = onPush
    window.addEventListener('online', () => this.retryNow())
  }

  /** Connect and authenticate. A first attempt that fails is not repeated. */
  async open (url, token) {
    this.#stop()
    this.#url = url
    this.#token = token
    this.#onState({ name: 'connecting' })
    try {
      await this.#dial()
    } catch (error) {
      this.#drop(error)
      this.#onState({ name: 'closed', error })
      throw error
    }
    this.#established()
  }

  close () {
    this.#stop()
    this.#onState({ name: 'closed' })
  }

  /** Don't wait for the back-off. */
  retryNow () {
    if (!this.#keep || this.#socket) return
    clearTimeout(this.#retryTimer)
    this.#redial()
  }

  /** Send one command; resolves with its answer, rejects with a BridgeError. */
  request (message, timeoutMs = ANSWER_MS) {
    if (this.#socket?.readyState !== WebSocket.OPEN)
      return Promise.reject(new BridgeError('lost', 'Not connected to a peer.'))
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id)
        reject(new BridgeError('timeout', `No answer within ${timeoutMs / 1000} seconds.`))
      }, timeoutMs)
      this.#pending.set(id, { resolve, reject, timer })
      this.#socket.send(JSON.stringify({ id, ...message }))
    })
  }

  #dial () {
    return new Promise((resolve, reject) => {
      let socket
      try {
        socket = new WebSocket(this.#url)
      } catch {
        reject(new BridgeError('address', 'This is no WebSocket address. It looks like ws://127.0.0.1:49222.'))
        return
      }
      this.#socket = socket
      let fail = () => reject(new BridgeError('unreachable', `Nothing answers at ${this.#url}.`))
      const timer = setTimeout(() => fail(), DIAL_MS)
      socket.onmessage = (event) => this.#receive(socket, event.data)
      socket.onclose = () => {
        clearTimeout(timer)
        fail()
      }
      socket.onopen = () => {
        clearTimeout(timer)
        fail = () => reject(new BridgeError('lost', 'The peer hung up before it let us in.'))
        this.request({ type: 'auth', token: this.#token }).then(resolve, (error) => reject(authError(error)))
      }
    })
  }

  #established () {
    const socket = this.#socket
    socket.onclose = () => this.#lost(socket)
    this.#keep = true
    this.#failures = 0
    this.#pingTimer = setInterval(() => this.#ping(socket), PING_EVERY_MS)
    this.#onState({ name: 'ready' })
  }

  #ping (socket) {
    this.request({ type: 'ping' }).catch((error) => {
      if (error.code === 'timeout') this.#lost(socket)
    })
  }

  #receive (socket, data) {
    if (socket !== this.#socket) return
    let message
    try {
      message = JSON.parse(data)
    } catch {
      return /* the bridge sends JSON only; something else may sit on that port */
    }
    const waiting = this.#pending.get(message?.id)
    if (!waiting) {
      if (message && typeof message === 'object') this.#onPush(message)
      return
    }
    this.#pending.delete(message.id)
    clearTimeout(waiting.timer)
    if (message.type === 'error') waiting.reject(new BridgeError('refused', String(message.error)))
    else waiting.resolve(message)
  }

  /** The socket is gone: everything that waits on it fails, then we dial again. */
  #lost (socket) {
    if (socket !== this.#socket) return
    this.#drop(new BridgeError('lost', 'The connection to the peer broke off.'))
    if (this.#keep) this.#retryLater()
  }

  #stop () {
    this.#keep = false
    clearTimeout(this.#retryTimer)
    this.#drop(new BridgeError('lost', 'The connection was closed.'))
  }

  #drop (error) {
    clearInterval(this.#pingTimer)
    const socket = this.#socket
    this.#socket = null
    if (socket) {
      socket.onopen = socket.onclose = socket.onmessage = null
      socket.close()
    }
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer)
      reject(error)
    }
    this.#pending.clear()
  }

  #retryLater () {
    const step = BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length - 1)]
    const wait = Math.round(step * (0.8 + 0.4 * Math.random())) /* many tabs shouldn't knock at once */
    this.#failures += 1
    this.#retryTimer = setTimeout(() => this.#redial(), wait)
    this.#onState({ name: 'waiting', retryAt: Date.now() + wait })
  }

  async #redial () {
    this.#onState({ name: 'connecting' })
    try {
      await this.#dial()
    } catch (error) {
      this.#drop(error)
      if (!this.#keep) return
      if (error.code !== 'token') {
        this.#retryLater()
        return
      }
      this.#keep = false /* asking again with the same token only annoys the peer */
      this.#onState({ name: 'closed', error })
      return
    }
    this.#established()
  }
}

function authError (error) {
  if (error.code !== 'refused') return error
  if (error.message === 'Unauthorized.') return new BridgeError('token', 'The peer refused this token.')
  return new BridgeError('token', error.message)
}
