#!/bin/sh
# Puts the sample models into a folder as they would lie after a download: expand.sh FOLDER
#
# A large model is kept as the header of its files; behind it comes a hole of the length that its weights have.
# Nothing is downloaded, and the holes take no room on a file system that knows them.
set -eu
samples=$(cd "$(dirname "$0")" && pwd)
target=${1:?usage: expand.sh FOLDER}
mkdir -p "$target"
for folder in "$samples"/*/; do
  name=$(basename "$folder")
  mkdir -p "$target/$name"
  for file in "$folder"*; do
    case $file in
      *.header) ;;
      *) cp "$file" "$target/$name/" ;;
    esac
  done
done
while read -r length file; do
  cp "$samples/$file.header" "$target/$file"
  truncate -s "$length" "$target/$file"
done < "$samples/lengths.txt"
