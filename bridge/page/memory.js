/** The browser remembers the token while the tab lives, a channel and who "I" am for good. */

export const tab = shelf('sessionStorage')
export const browser = shelf('localStorage')

function shelf (area) {
  const attempt = (work) => {
    try {
      return work(window[area]) ?? ''
    } catch {
      return '' /* private mode or a full quota: the page works without */
    }
  }
  return {
    get: (key) => attempt((store) => store.getItem(`intersplit.${key}`)),
    set: (key, value) => attempt((store) => store.setItem(`intersplit.${key}`, value)),
  }
}

/** What stands behind "#token=...&channel=...", before a screenshot or bookmark has it. */
export function takeFragment () {
  const given = new URLSearchParams(location.hash.slice(1))
  if (location.hash) history.replaceState(null, '', location.pathname + location.search)
  return Object.fromEntries(given)
}

/** Where the server of this page says its bridge is, or null when it doesn't say. */
export async function configuredBridge () {
  try {
    const { bridge } = await (await fetch('config.json', { cache: 'no-store' })).json()
    return bridge.startsWith('/') ? new URL(bridge, location.href).href.replace(/^http/, 'ws') : bridge
  } catch {
    return null
  }
}
