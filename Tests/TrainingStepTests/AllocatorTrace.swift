import Foundation
import Units

@testable import TrainingStep

/// A recorded run of the real allocator, played through ours. Tests/Truth/allocator/README.md says how one is written.
struct AllocatorTrace {
  /// What the replay found: counts of events, and of those that came out as recorded.
  struct Outcome: Equatable {
    var allocations = 0
    var sameAddresses = 0
    var segments = 0
    var sameSegments = 0
    var releases = 0
    var sameReleases = 0
    var finalReserved = 0
    var finalAllocated = 0
    var peakReserved = 0

    var isExact: Bool {
      allocations == sameAddresses && segments == sameSegments && releases == sameReleases
    }
  }

  struct Malformed: Error { var line: String }

  private struct Segment {
    var base: Int
    var size: Int
  }

  /// The committed traces.
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Truth/allocator")

  private let lines: [[Substring]]

  init(_ file: URL) throws {
    lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { $0.split(separator: " ") }
  }

  /// A number of the trace's head.
  func head(_ name: String) -> Int? {
    lines.first { $0.first == "H" && $0.count == 3 && $0[1] == name }.flatMap { Int($0[2]) }
  }

  func replay(settings: AllocatorSettings = AllocatorSettings(), prescribesAddresses: Bool = true) throws -> Outcome {
    var allocator = CachingAllocator(settings: settings)
    var outcome = Outcome()
    var segments: [Segment] = []
    var blocks: [Int: CachingAllocator.Block] = [:]
    var opened: Segment?
    for line in lines {
      let numbers = line.dropFirst().compactMap { Int($0) }
      switch (line[0], numbers.count) {
      case ("H", _): break
      case ("S", 2...):
        segments.append(Segment(base: numbers[0] * 512, size: 0))
        let pieces = allocator.restoreSegment(
          at: numbers[0] * 512, isSmall: line[2] == "small", blocks: numbers.dropFirst().map { $0 * 512 })
        for piece in pieces { blocks[piece.address] = piece }
      case ("+", 2):
        let segment = Segment(base: numbers[0] * 512, size: numbers[1] * 512)
        segments.append(segment)
        opened = segment
      case ("-", 1...):
        let cached = allocator.cachedSegments
        outcome.releases += max(numbers.count, cached.count)
        outcome.sameReleases += zip(numbers, cached).count { segments[$0].base == $1 }
        allocator.emptyCache()
      case ("a", 3):
        let before = allocator.reserved
        if prescribesAddresses { allocator.prescribedAddress = opened?.base }
        let block = try allocator.allocate(ByteCount(numbers[0]))
        let address = segments[numbers[1]].base + numbers[2] * 512
        outcome.allocations += 1
        if block.address == address { outcome.sameAddresses += 1 }
        if opened != nil { outcome.segments += 1 }
        if let opened, (allocator.reserved - before).bytes == opened.size { outcome.sameSegments += 1 }
        if opened == nil, allocator.reserved != before { outcome.sameSegments -= 1 }
        opened = nil
        blocks[address] = block
      case ("f", 2):
        let address = segments[numbers[0]].base + numbers[1] * 512
        guard let block = blocks.removeValue(forKey: address), allocator.free(block) else {
          throw Malformed(line: line.joined(separator: " "))
        }
      default: throw Malformed(line: line.joined(separator: " "))
      }
    }
    outcome.finalReserved = allocator.reserved.bytes
    outcome.finalAllocated = allocator.allocated.bytes
    outcome.peakReserved = allocator.peakReserved.bytes
    return outcome
  }
}

extension CachingAllocator {
  /// The segments that emptying the cache gives back, in its order.
  var cachedSegments: [Int] {
    [false, true].flatMap { isSmall in
      pools.filter { $0.isSmall == isSmall }.flatMap { pool in
        pool.free.entries.filter { pieces[$0.block].isWhole }.map(\.address)
      }
    }
  }

  /// A segment that a recording found in place, with its blocks in order, free ones negative; gives those in use.
  mutating func restoreSegment(at base: Int, isSmall: Bool, blocks sizes: [Int]) -> [Block] {
    let pool = pool(stream: 0, isSmall: isSmall)
    var used: [Block] = []
    var address = base
    var last = Self.none
    for size in sizes {
      let piece = addPiece(Piece(address: address, size: abs(size), pool: pool))
      link(last, piece)
      if size > 0 {
        pieces[piece].isAllocated = true
        allocated += ByteCount(size)
        used.append(Block(address: address, size: ByteCount(size), index: piece))
      } else {
        insertFree(piece)
      }
      _ = reserve(abs(size))
      address += abs(size)
      last = piece
    }
    return used
  }
}
