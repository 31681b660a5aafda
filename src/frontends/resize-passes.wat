;; The two passes of PIL's resize of 8-bit pictures, in whole numbers of 32 bits, four channels or sixteen bytes at a time; and what makes
;; numbers of the bytes.
;;
;; A weight has 22 bits of fraction. i32x4.dot_i16x8_s multiplies and adds pairs of 16 bits in one instruction, so each weight comes in
;; two parts, weight = high * 2^12 + low, and taps come in pairs: 8 bytes (high, high, low, low), each of 16 bits. Taps beyond a pixel's
;; own have the weight 0: what they read is multiplied away, but has to be there.
;;
;; resize-passes.ts holds the assembled module: after a change here, `npm run assemble`.
(module
  (memory (export "memory") 1)

  ;; Along the rows: RGB pixels of `rows` rows to `columns` pixels each.
  (func (export "narrow")
    (param $source i32) (param $sourceBytes i32) (param $rows i32) ;; the first row, bytes of one, how many
    (param $target i32) (param $columns i32)                       ;; what is written; one byte more, which means nothing
    (param $starts i32) (param $weights i32) (param $quads i32)    ;; per column: byte of its first pixel; two pairs of taps, so many times
    (local $column i32) (local $quad i32) (local $start i32) (local $weight i32) (local $pixels i32)
    (local $four v128) (local $first v128) (local $second v128) (local $high v128) (local $low v128)
    (loop $nextRow
      (local.set $column (local.get $columns))
      (local.set $start (local.get $starts))
      (local.set $weight (local.get $weights))
      (loop $nextColumn
        (local.set $pixels (i32.add (local.get $source) (i32.load (local.get $start))))
        (local.set $quad (local.get $quads))
        (local.set $high (v128.const i32x4 0 0 0 0))
        (local.set $low (v128.const i32x4 0x200000 0x200000 0x200000 0x200000)) ;; one half
        (loop $nextQuad
          (local.set $four (v128.load (local.get $pixels)))
          ;; r r g g b b of two pixels, 16 bits each; 0x80 gives 0.
          (local.set $first (i8x16.swizzle (local.get $four)
            (v128.const i8x16 0 0x80 3 0x80 1 0x80 4 0x80 2 0x80 5 0x80 0x80 0x80 0x80 0x80)))
          (local.set $second (i8x16.swizzle (local.get $four)
            (v128.const i8x16 6 0x80 9 0x80 7 0x80 10 0x80 8 0x80 11 0x80 0x80 0x80 0x80 0x80)))
          (local.set $high (i32x4.add (local.get $high) (i32x4.add
            (i32x4.dot_i16x8_s (local.get $first) (v128.load32_splat (local.get $weight)))
            (i32x4.dot_i16x8_s (local.get $second) (v128.load32_splat offset=8 (local.get $weight))))))
          (local.set $low (i32x4.add (local.get $low) (i32x4.add
            (i32x4.dot_i16x8_s (local.get $first) (v128.load32_splat offset=4 (local.get $weight)))
            (i32x4.dot_i16x8_s (local.get $second) (v128.load32_splat offset=12 (local.get $weight))))))
          (local.set $pixels (i32.add (local.get $pixels) (i32.const 12)))
          (local.set $weight (i32.add (local.get $weight) (i32.const 16)))
          (br_if $nextQuad (local.tee $quad (i32.sub (local.get $quad) (i32.const 1)))))
        ;; What $whole does; a call for every pixel would double the time.
        (local.set $high (i32x4.shr_s (i32x4.add (i32x4.shl (local.get $high) (i32.const 12)) (local.get $low)) (i32.const 22)))
        (local.set $high (i16x8.narrow_i32x4_s (local.get $high) (local.get $high)))
        (v128.store32_lane 0 (local.get $target) (i8x16.narrow_i16x8_u (local.get $high) (local.get $high)))
        (local.set $target (i32.add (local.get $target) (i32.const 3)))
        (local.set $start (i32.add (local.get $start) (i32.const 4)))
        (br_if $nextColumn (local.tee $column (i32.sub (local.get $column) (i32.const 1)))))
      (local.set $source (i32.add (local.get $source) (local.get $sourceBytes)))
      (br_if $nextRow (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; Along the columns: rows of `rowBytes` bytes to `rows` rows.
  (func (export "join")
    (param $source i32) (param $rowBytes i32) (param $rows i32)
    (param $target i32)                                         ;; what is written; up to 15 bytes more, which mean nothing
    (param $starts i32) (param $weights i32) (param $pairs i32) ;; per row: byte of its first one; a pair of taps, so many times
    (local $x i32) (local $pair i32) (local $weight i32) (local $from i32)
    (local $a v128) (local $b v128) (local $even v128) (local $odd v128) (local $highWeights v128) (local $lowWeights v128)
    (local $high0 v128) (local $high1 v128) (local $high2 v128) (local $high3 v128)
    (local $low0 v128) (local $low1 v128) (local $low2 v128) (local $low3 v128)
    (loop $nextRow
      (local.set $x (i32.const 0))
      (loop $nextBytes
        (local.set $from (i32.add (i32.add (local.get $source) (i32.load (local.get $starts))) (local.get $x)))
        (local.set $weight (local.get $weights))
        (local.set $pair (local.get $pairs))
        (local.set $high0 (v128.const i32x4 0 0 0 0))
        (local.set $high1 (local.get $high0))
        (local.set $high2 (local.get $high0))
        (local.set $high3 (local.get $high0))
        (local.set $low0 (v128.const i32x4 0x200000 0x200000 0x200000 0x200000)) ;; one half
        (local.set $low1 (local.get $low0))
        (local.set $low2 (local.get $low0))
        (local.set $low3 (local.get $low0))
        (loop $nextPair
          (local.set $a (v128.load (local.get $from)))
          (local.set $b (v128.load (i32.add (local.get $from) (local.get $rowBytes))))
          (local.set $highWeights (v128.load32_splat (local.get $weight)))
          (local.set $lowWeights (v128.load32_splat offset=4 (local.get $weight)))
          ;; Byte beside byte of the two rows: the first eight, the last eight.
          (local.set $even (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get $a) (local.get $b)))
          (local.set $odd (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31 (local.get $a) (local.get $b)))
          (local.set $a (i16x8.extend_low_i8x16_u (local.get $even)))
          (local.set $b (i16x8.extend_high_i8x16_u (local.get $even)))
          (local.set $high0 (i32x4.add (local.get $high0) (i32x4.dot_i16x8_s (local.get $a) (local.get $highWeights))))
          (local.set $low0 (i32x4.add (local.get $low0) (i32x4.dot_i16x8_s (local.get $a) (local.get $lowWeights))))
          (local.set $high1 (i32x4.add (local.get $high1) (i32x4.dot_i16x8_s (local.get $b) (local.get $highWeights))))
          (local.set $low1 (i32x4.add (local.get $low1) (i32x4.dot_i16x8_s (local.get $b) (local.get $lowWeights))))
          (local.set $a (i16x8.extend_low_i8x16_u (local.get $odd)))
          (local.set $b (i16x8.extend_high_i8x16_u (local.get $odd)))
          (local.set $high2 (i32x4.add (local.get $high2) (i32x4.dot_i16x8_s (local.get $a) (local.get $highWeights))))
          (local.set $low2 (i32x4.add (local.get $low2) (i32x4.dot_i16x8_s (local.get $a) (local.get $lowWeights))))
          (local.set $high3 (i32x4.add (local.get $high3) (i32x4.dot_i16x8_s (local.get $b) (local.get $highWeights))))
          (local.set $low3 (i32x4.add (local.get $low3) (i32x4.dot_i16x8_s (local.get $b) (local.get $lowWeights))))
          (local.set $from (i32.add (local.get $from) (i32.shl (local.get $rowBytes) (i32.const 1))))
          (local.set $weight (i32.add (local.get $weight) (i32.const 8)))
          (br_if $nextPair (local.tee $pair (i32.sub (local.get $pair) (i32.const 1)))))
        (v128.store (i32.add (local.get $target) (local.get $x)) (i8x16.narrow_i16x8_u
          (i16x8.narrow_i32x4_s
            (call $whole (local.get $high0) (local.get $low0))
            (call $whole (local.get $high1) (local.get $low1)))
          (i16x8.narrow_i32x4_s
            (call $whole (local.get $high2) (local.get $low2))
            (call $whole (local.get $high3) (local.get $low3)))))
        (br_if $nextBytes (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 16))) (local.get $rowBytes))))
      (local.set $target (i32.add (local.get $target) (local.get $rowBytes)))
      (local.set $starts (i32.add (local.get $starts) (i32.const 4)))
      (local.set $weights (i32.add (local.get $weights) (i32.shl (local.get $pairs) (i32.const 3))))
      (br_if $nextRow (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; RGB pixels to three planes of float32, each value as the table of its channel (256 numbers; three tables) has it.
  (func (export "spread")
    (param $source i32) (param $pixels i32) (param $tables i32) (param $target i32)
    (local $planeBytes i32) (local $green i32) (local $blue i32)
    (local.set $planeBytes (i32.shl (local.get $pixels) (i32.const 2)))
    (local.set $green (i32.add (local.get $target) (local.get $planeBytes)))
    (local.set $blue (i32.add (local.get $green) (local.get $planeBytes)))
    (loop $nextPixel
      (f32.store (local.get $target)
        (f32.load (i32.add (local.get $tables) (i32.shl (i32.load8_u (local.get $source)) (i32.const 2)))))
      (f32.store (local.get $green)
        (f32.load offset=1024 (i32.add (local.get $tables) (i32.shl (i32.load8_u offset=1 (local.get $source)) (i32.const 2)))))
      (f32.store (local.get $blue)
        (f32.load offset=2048 (i32.add (local.get $tables) (i32.shl (i32.load8_u offset=2 (local.get $source)) (i32.const 2)))))
      (local.set $source (i32.add (local.get $source) (i32.const 3)))
      (local.set $target (i32.add (local.get $target) (i32.const 4)))
      (local.set $green (i32.add (local.get $green) (i32.const 4)))
      (local.set $blue (i32.add (local.get $blue) (i32.const 4)))
      (br_if $nextPixel (local.tee $pixels (i32.sub (local.get $pixels) (i32.const 1))))))

  ;; The sums of both parts of the weights, without the 22 bits of fraction.
  (func $whole (param $high v128) (param $low v128) (result v128)
    (i32x4.shr_s (i32x4.add (i32x4.shl (local.get $high) (i32.const 12)) (local.get $low)) (i32.const 22))))
