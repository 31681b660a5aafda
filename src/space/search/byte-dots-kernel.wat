;; Dot products of one vector of bytes with many, four rows at a time: each part of the query is read once for four rows.
;;
;; i32x4.dot_i16x8_s multiplies and adds pairs of 16 bits, so the query is kept in 16 bits, and rows are widened as they are read. Up to 7
;; bytes behind a row and up to 3 rows behind the last are read: the query has zeros there, and nobody looks at the sums.
;;
;; byte-dots-kernel.ts holds the assembled module: after a change here, `npm run assemble`.
(module
  (memory (export "memory") 1)

  (func (export "dots")
    (param $query i32) (param $eights i32) ;; 16-bit numbers, so many times eight; zeros behind the last
    (param $row i32) (param $stride i32)   ;; the first row's bytes, and how far it is to the next
    (param $fours i32)                     ;; rows, so many times four
    (param $sums i32)                      ;; what is written: 32 bits a row
    (local $left i32) (local $at i32) (local $part v128)
    (local $b i32) (local $c i32) (local $d i32)
    (local $sumA v128) (local $sumB v128) (local $sumC v128) (local $sumD v128)
    (loop $nextRows
      (local.set $b (i32.add (local.get $row) (local.get $stride)))
      (local.set $c (i32.add (local.get $b) (local.get $stride)))
      (local.set $d (i32.add (local.get $c) (local.get $stride)))
      (local.set $sumA (v128.const i32x4 0 0 0 0))
      (local.set $sumB (v128.const i32x4 0 0 0 0))
      (local.set $sumC (v128.const i32x4 0 0 0 0))
      (local.set $sumD (v128.const i32x4 0 0 0 0))
      (local.set $at (local.get $query))
      (local.set $left (local.get $eights))
      (loop $nextEight
        (local.set $part (v128.load (local.get $at)))
        (local.set $sumA (i32x4.add (local.get $sumA) (i32x4.dot_i16x8_s (local.get $part) (v128.load8x8_s (local.get $row)))))
        (local.set $sumB (i32x4.add (local.get $sumB) (i32x4.dot_i16x8_s (local.get $part) (v128.load8x8_s (local.get $b)))))
        (local.set $sumC (i32x4.add (local.get $sumC) (i32x4.dot_i16x8_s (local.get $part) (v128.load8x8_s (local.get $c)))))
        (local.set $sumD (i32x4.add (local.get $sumD) (i32x4.dot_i16x8_s (local.get $part) (v128.load8x8_s (local.get $d)))))
        (local.set $row (i32.add (local.get $row) (i32.const 8)))
        (local.set $b (i32.add (local.get $b) (i32.const 8)))
        (local.set $c (i32.add (local.get $c) (i32.const 8)))
        (local.set $d (i32.add (local.get $d) (i32.const 8)))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br_if $nextEight (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      ;; One sum a row: lanes of a and b are paired, then of those with c and d.
      (v128.store (local.get $sums)
        (call $across
          (call $across (local.get $sumA) (local.get $sumB))
          (call $across (local.get $sumC) (local.get $sumD))))
      (local.set $sums (i32.add (local.get $sums) (i32.const 16)))
      (local.set $row (i32.add (local.get $row)
        (i32.sub (i32.shl (local.get $stride) (i32.const 2)) (i32.shl (local.get $eights) (i32.const 3)))))
      (br_if $nextRows (local.tee $fours (i32.sub (local.get $fours) (i32.const 1))))))

  ;; a0 + a1, a2 + a3, b0 + b1, b2 + b3
  (func $across (param $a v128) (param $b v128) (result v128)
    (i32x4.add
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (local.get $a) (local.get $b))
      (i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 (local.get $a) (local.get $b)))))
