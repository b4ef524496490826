-- What the sixth schema adds: a look-up that is half way through.
UPDATE sends SET look_up_from = 'bmV4dA==' WHERE look_up = 1;
