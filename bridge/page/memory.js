/**
 * What the browser remembers. The token lives as long as the tab; a channel and who
 * "I" am stay. A browser that refuses storage just forgets.
 */

function read (area, key) {
  try {
    return window[area].getItem(`intersplit.${key}`)
  } catch {
    return null
  }
}

function write (area, key, value) {
  try {
    if (value) window[area].setItem(`intersplit.${key}`, value)
    else window[area].removeItem(`intersplit.${key}`)
  } catch {
    /* private mode or a full quota: the page works without */
  }
}

export const tab = {
  get: (key) => read('sessionStorage', key) ?? '',
  set: (key, value) => write('sessionStorage', key, value),
}

export const browser = {
  get: (key) => read('localStorage', key) ?? '',
  set: (key, value) => write('localStorage', key, value),
}

/**
 * Take `#token=...&channel=...` out of the address bar. A fragment never reaches a
 * server; gone from the bar it doesn't reach a screenshot or a bookmark either.
 */
export function takeFragment () {
  const given = new URLSearchParams(location.hash.slice(1))
  if (location.hash) history.replaceState(null, '', location.pathname + location.search)
  return { token: given.get('token') ?? '', channel: given.get('channel') ?? '' }
}

/** Where the server of this page says its bridge is, or null when it doesn't say. */
export async function configuredBridge () {
  try {
    const answer = await fetch('config.json', { cache: 'no-store' })
    if (!answer.ok) return null
    const { bridge } = await answer.json()
    if (typeof bridge !== 'string') return null
    return bridge.startsWith('/') ? new URL(bridge, location.href).href.replace(/^http/, 'ws') : bridge
  } catch {
    return null
  }
}
