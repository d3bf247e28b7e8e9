#!/usr/bin/env bash
# Browser tests drive Debian's Chromium; Chinese pages need a font that has the characters.
set -euo pipefail
if command -v chromium >/dev/null && fc-list 2>/dev/null | grep -qi 'noto.*cjk'; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk >/dev/null
else
  echo "Browser tests need Chromium and a CJK font: sudo apt-get install chromium fonts-noto-cjk" >&2
  command -v chromium >/dev/null
fi
