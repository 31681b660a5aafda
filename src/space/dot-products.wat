;; The dot product of one vector with each of many, in float32, four rows and four numbers at a time.
;;
;; dot-products.ts holds the assembled module: after a change here, `npm run assemble`.
(module
  (memory (export "memory") 1)

  (func (export "dots")
    (param $rows i32) (param $fours i32)    ;; the first row; rows, four times so many, one behind the other
    (param $vector i32) (param $bytes i32)  ;; the vector; bytes of it and of each row, a multiple of 16
    (param $out i32)                        ;; a float32 for each row
    (local $at i32) (local $b i32) (local $c i32) (local $d i32)
    (local $part v128) (local $sum0 v128) (local $sum1 v128) (local $sum2 v128) (local $sum3 v128)
    (loop $nextRows
      (local.set $b (i32.add (local.get $rows) (local.get $bytes)))
      (local.set $c (i32.add (local.get $b) (local.get $bytes)))
      (local.set $d (i32.add (local.get $c) (local.get $bytes)))
      (local.set $at (i32.const 0))
      (local.set $sum0 (v128.const f32x4 0 0 0 0))
      (local.set $sum1 (local.get $sum0))
      (local.set $sum2 (local.get $sum0))
      (local.set $sum3 (local.get $sum0))
      (loop $nextPart
        (local.set $part (v128.load (i32.add (local.get $vector) (local.get $at))))
        (local.set $sum0 (f32x4.add (local.get $sum0)
          (f32x4.mul (local.get $part) (v128.load (i32.add (local.get $rows) (local.get $at))))))
        (local.set $sum1 (f32x4.add (local.get $sum1)
          (f32x4.mul (local.get $part) (v128.load (i32.add (local.get $b) (local.get $at))))))
        (local.set $sum2 (f32x4.add (local.get $sum2)
          (f32x4.mul (local.get $part) (v128.load (i32.add (local.get $c) (local.get $at))))))
        (local.set $sum3 (f32x4.add (local.get $sum3)
          (f32x4.mul (local.get $part) (v128.load (i32.add (local.get $d) (local.get $at))))))
        (br_if $nextPart (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $bytes))))
      ;; Halves: a0+a2 b0+b2 a1+a3 b1+b3, the same of c and d; then both halves of each.
      (local.set $sum0 (f32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $sum0) (local.get $sum1))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $sum0) (local.get $sum1))))
      (local.set $sum2 (f32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $sum2) (local.get $sum3))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $sum2) (local.get $sum3))))
      (v128.store (local.get $out) (f32x4.add
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $sum0) (local.get $sum2))
        (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $sum0) (local.get $sum2))))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (local.set $rows (i32.add (local.get $d) (local.get $bytes)))
      (br_if $nextRows (local.tee $fours (i32.sub (local.get $fours) (i32.const 1)))))))
