#!/bin/sh
# Fetches the counterparts into a cache and links each into a folder; what cannot be had leaves a file
# NAME.missing there with the reason in one line. Fetches nothing twice, and never fails as a whole.
# Usage: fetch.sh ROOT FOLDER [keycloak|browser]      JAVA_HOME is set; with a name, that one alone
set -u
root=$1 folder=$2
here=$root/counterparts
cache=${COUNTERSIGN_CACHE:-${XDG_CACHE_HOME:-${HOME:-$root/target}/.cache}/countersign}/counterparts

readonly NODE=22.23.3
readonly POSTGRES='15.13.0 16.9.0 17.5.0'
readonly KEYCLOAK=26.7.3
readonly CHROMIUM=120

mkdir -p "$cache" "$folder"
log=$folder/fetch.log
: >"$log"

# Usage: have NAME TARGET      the counterpart is there
have() {
  rm -f "$folder/$1.missing"
  ln -sfn "$2" "$folder/$1"
  echo "$1: $2"
}

# Usage: lack NAME REASON
lack() {
  rm -f "$folder/$1"
  echo "$2" >"$folder/$1.missing"
  echo "$1 is missing: $2"
}

# Makes a folder of the cache whole or not at all; two doors may do it at the same time.
# Usage: once PATH FUNCTION      the function gets an empty folder
once() {
  [ -d "$1" ] && return 0
  fresh=$1.$$
  rm -rf "$fresh"
  mkdir -p "$fresh"
  if "$2" "$fresh" >>"$log" 2>&1; then
    mv -T "$fresh" "$1" 2>>"$log" || rm -rf "$fresh" # else somebody was faster
    [ -d "$1" ]
  else
    rm -rf "$fresh"
    return 1
  fi
}

sum_of() { cat "$@" | cksum | tr -d ' '; }

# ---- Node.js and npm packages --------------------------------------------------------------------

install_node() { (cd "$1" && npm install --no-save --no-audit --no-fund "node@$NODE"); }

install_js() {
  cp "$here/js/package.json" "$here/js/package-lock.json" "$here/js/.npmrc" "$1" &&
    (cd "$1" && PATH=$node_folder:$PATH npm ci --ignore-scripts)
}

fetch_js() {
  if ! command -v npm >/dev/null; then
    lack node 'npm is not installed'
    lack js 'npm is not installed'
    return
  fi
  if ! once "$cache/node-$NODE" install_node; then
    lack node "npm could not install node@$NODE, see $log"
    lack js "there is no Node.js $NODE"
    return
  fi
  node_folder=$cache/node-$NODE/node_modules/node/bin
  have node "$node_folder/node"
  js=$cache/js-$(sum_of "$here/js/package-lock.json")
  if once "$js" install_js; then
    have js "$js"
  else
    lack js "npm could not install the packages, see $log"
  fi
}

# ---- Python packages -----------------------------------------------------------------------------

install_python() {
  # Not movable: a virtual environment knows its own path, so it is made where it stays.
  rmdir "$1"
  rm -rf "$python_folder.making"
  python3 -m venv "$python_folder.making" &&
    "$python_folder.making/bin/python" -m pip install -q --disable-pip-version-check \
      --target "$1" -r "$here/python/requirements.txt"
}

fetch_python() {
  if ! python3 -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    lack python 'Python 3.11 or later with venv is not installed'
    return
  fi
  python_folder=$cache/python-$(sum_of "$here/python/requirements.txt")
  if once "$python_folder" install_python; then
    have python "$python_folder"
  else
    lack python "pip could not install the packages, see $log"
  fi
  rm -rf "$python_folder.making"
}

# ---- PostgreSQL ------------------------------------------------------------------------------------

# Older servers, as the archive that their artifact holds: a test unpacks it where the server's account can reach it.
install_postgres() {
  case $(uname -m) in
    x86_64) arch=amd64 ;;
    aarch64) arch=arm64v8 ;;
    *) return 1 ;;
  esac
  artifact=embedded-postgres-binaries-linux-$arch
  (cd "$root" && ./mvnw -B -ntp -q org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy \
    "-Dartifact=io.zonky.test.postgres:$artifact:$postgres" "-DoutputDirectory=$1/jar") &&
    (cd "$1" && "$JAVA_HOME/bin/jar" xf "jar/$artifact-$postgres.jar" && rm -r jar META-INF && mv ./*.txz postgres.txz)
}

fetch_postgres() {
  for postgres in $POSTGRES; do
    name=postgres-${postgres%%.*}
    if once "$cache/postgres-$postgres" install_postgres; then
      have "$name" "$cache/postgres-$postgres"
    else
      lack "$name" "PostgreSQL $postgres could not be fetched for this machine, see $log"
    fi
  done
}

# ---- Keycloak ------------------------------------------------------------------------------------

# `kc.sh build` once here saves every start half a minute.
install_keycloak() {
  (cd "$root" && ./mvnw -B -ntp -q org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy \
    "-Dartifact=org.keycloak:keycloak-quarkus-dist:$KEYCLOAK:zip" "-DoutputDirectory=$1/zip") &&
    (cd "$1" && "$JAVA_HOME/bin/jar" xf "zip/keycloak-quarkus-dist-$KEYCLOAK.zip" && rm -r zip &&
      mv "keycloak-$KEYCLOAK"/* . && chmod +x bin/*.sh && bin/kc.sh build --db=dev-mem)
}

fetch_keycloak() {
  if once "$cache/keycloak-$KEYCLOAK" install_keycloak; then
    have keycloak "$cache/keycloak-$KEYCLOAK"
  else
    lack keycloak "Keycloak $KEYCLOAK could not be fetched and built, see $log"
  fi
}

# ---- Chromium ------------------------------------------------------------------------------------

chromium_version() { chromium --version 2>/dev/null | sed -n 's/^Chromium \([0-9]*\).*/\1/p'; }

fetch_chromium() {
  if [ -z "$(chromium_version)" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update -q || true; DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium; } >>"$log" 2>&1
  fi
  version=$(chromium_version)
  if [ -z "$version" ]; then
    lack chromium 'Chromium is not installed (Debian: apt-get install chromium)'
  elif [ "$version" -lt "$CHROMIUM" ]; then
    lack chromium "Chromium is older than $CHROMIUM"
  else
    have chromium "$(command -v chromium)"
  fi
}

if [ "${3-}" = keycloak ]; then
  fetch_keycloak
  exit
fi
if [ "${3-}" = browser ]; then
  fetch_js
  fetch_chromium
  exit
fi
fetch_js
fetch_python
fetch_postgres
fetch_keycloak
fetch_chromium
