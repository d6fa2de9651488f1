/**
 * What the page knows, in one place. Cards read it and are called when it has changed;
 * only room.js and the connection write to it.
 */

function initialState () {
  return {
    link: { name: 'closed' }, /* closed, connecting, ready, waiting (until `retryAt`) */
    wasReady: false, /* since the last Connect: the room stays in view while we reconnect */
    peer: null, /* the peer's hello: { key, address, entryChannel } */
    peers: null, /* neighbours of the peer */
    channel: '',
    joined: false,
    subscribed: false,
    loaded: false, /* entries and summary are of `channel` */
    entries: [], /* in list order, oldest first */
    summary: null,
    fingerprint: null,
    me: '',
    feed: [], /* oldest first, bounded */
  }
}

export class Store {
  #state = initialState()
  #watchers = []
  #queued = false

  get state () {
    return this.#state
  }

  /** Change some members. Watchers run once, after the current turn. */
  set (patch) {
    this.#state = { ...this.#state, ...patch }
    if (this.#queued) return
    this.#queued = true
    queueMicrotask(() => {
      this.#queued = false
      for (const watch of this.#watchers) watch(this.#state)
    })
  }

  /**
   * Call `render` with the state now and whenever one of the members `keys` is
   * another value than before.
   */
  watch (keys, render) {
    let seen = keys.map((key) => this.#state[key])
    this.#watchers.push((state) => {
      const now = keys.map((key) => state[key])
      if (now.every((value, i) => value === seen[i])) return
      seen = now
      render(state)
    })
    render(this.#state)
  }
}

/** Every name in the room, in the ledger's order. */
export function members (state) {
  return (state.summary?.balances ?? []).map((row) => row.member)
}
