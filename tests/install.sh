#!/usr/bin/env bash
# What tests use from the system: Debian's Chromium, a font that has Chinese characters, and hydra against our own door.
set -euo pipefail
has_chromium() { command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null; }
if has_chromium && command -v hydra >/dev/null && fc-list 2>/dev/null | grep -qi 'noto.*cjk'; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium-headless-shell fonts-noto-cjk hydra >/dev/null
else
  echo "Tests need Chromium, a CJK font and hydra: sudo apt-get install chromium-headless-shell fonts-noto-cjk hydra" >&2
  has_chromium
fi
