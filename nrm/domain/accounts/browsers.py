"""The kind of browser and of machine that somebody signed in with, so that they know their sessions apart.

What a browser says of itself (RFC 9110, 10.1.5) is reduced to two closed codes: no version, no model, no address. It
is what the browser claims, so it helps an honest person and proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from nrm.domain.words import N_


class Browser(StrEnum):
    """A family of browsers."""

    FIREFOX = "firefox"
    EDGE = "edge"
    OPERA = "opera"
    SAMSUNG = "samsung"
    CHROME = "chrome"
    SAFARI = "safari"
    OTHER = "other"
    COMMAND = ""  # no browser: a command on the server, or a session from before this was kept


class Device(StrEnum):
    """A kind of machine."""

    WINDOWS = "windows"
    ANDROID = "android"
    IPHONE = "iphone"
    IPAD = "ipad"
    MAC = "mac"
    CHROMEBOOK = "chromebook"
    LINUX = "linux"
    OTHER = "other"
    COMMAND = ""


BROWSERS: Mapping[str, str] = {
    Browser.FIREFOX: N_("Firefox"),
    Browser.EDGE: N_("Edge"),
    Browser.OPERA: N_("Opera"),
    Browser.SAMSUNG: N_("Samsung Internet"),
    Browser.CHROME: N_("Chrome"),
    Browser.SAFARI: N_("Safari"),
    Browser.OTHER: N_("Another browser"),
    Browser.COMMAND: N_("Not known"),
}
DEVICES: Mapping[str, str] = {
    Device.WINDOWS: N_("Computer with Windows"),
    Device.ANDROID: N_("Telephone or tablet with Android"),
    Device.IPHONE: N_("iPhone"),
    Device.IPAD: N_("iPad"),
    Device.MAC: N_("Mac"),
    Device.CHROMEBOOK: N_("Chromebook"),
    Device.LINUX: N_("Computer with Linux"),
    Device.OTHER: N_("Another machine"),
    Device.COMMAND: N_("Not known"),
}
# In this order: Edge and Opera also say Chrome, Chrome also says Safari, Android also says Linux.
_BROWSER_SIGNS = (
    ("firefox/", Browser.FIREFOX),
    ("fxios/", Browser.FIREFOX),
    ("edg/", Browser.EDGE),
    ("edga/", Browser.EDGE),
    ("edgios/", Browser.EDGE),
    ("opr/", Browser.OPERA),
    ("samsungbrowser/", Browser.SAMSUNG),
    ("chrome/", Browser.CHROME),
    ("crios/", Browser.CHROME),
    ("safari/", Browser.SAFARI),
)
_DEVICE_SIGNS = (
    ("windows", Device.WINDOWS),
    ("android", Device.ANDROID),
    ("iphone", Device.IPHONE),
    ("ipad", Device.IPAD),
    ("macintosh", Device.MAC),
    ("cros ", Device.CHROMEBOOK),
    ("linux", Device.LINUX),
)
_READ = 400  # characters


def kinds_of(user_agent: str) -> tuple[Browser, Device]:
    """The kinds by the header `User-Agent`; without one it was a command."""
    text = user_agent[:_READ].casefold()
    if not text:
        return Browser.COMMAND, Device.COMMAND
    browser = next((kind for sign, kind in _BROWSER_SIGNS if sign in text), Browser.OTHER)
    device = next((kind for sign, kind in _DEVICE_SIGNS if sign in text), Device.OTHER)
    return browser, device
